#include "server/signin/session_cookie.h"

#include "server/signin/opaque_token.h"

namespace keyfob::server::signin {

namespace {
constexpr std::string_view k_prefix = "kfs_";
} // namespace

std::string make_session_cookie(platform::Random& random) {
    return make_opaque_token(k_prefix, random);
}

bool is_session_cookie(std::string_view value) {
    return is_opaque_token(k_prefix, value);
}

} // namespace keyfob::server::signin
