#include "server/signin/invalid_grant.h"

#include "platform/log.h"

namespace keyfob::server::signin {

platform::Error invalid_grant(const char* why) {
    platform::log::info("grant_refused", {{"reason", why}});
    return {platform::ErrorKind::invalid, why, "start the sign-in again", "invalid_grant"};
}

} // namespace keyfob::server::signin
