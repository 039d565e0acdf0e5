#include "agent/login/flow_outcome.h"

#include "agent/api/error_code.h"
#include "server/api/routes.h"

#include <utility>

namespace keyfob::agent::login {

using platform::Error;
using platform::ErrorKind;
namespace server_api = keyfob::server::api;

bool may_pass(const Error& error) {
    return error.kind == ErrorKind::unreachable || error.kind == ErrorKind::timed_out;
}

Error terminal_error(const std::string& code, const std::string& text) {
    const std::string what = text.empty() ? code : text;
    if (code == server_api::k_error_access_denied)
        return {ErrorKind::cancelled, "the sign-in was declined: " + what, "", api::k_cancelled};
    if (code == server_api::k_error_not_allowed)
        return {ErrorKind::denied, "the server does not let you in: " + what, "ask who runs the server",
                api::k_refused};
    if (code == server_api::k_error_temporarily_unavailable)
        return {ErrorKind::failed, "the identity provider cannot be reached: " + what, "try again in a moment",
                api::k_failed};
    return {ErrorKind::failed, "the sign-in failed: " + what, "try again, or ask who runs the server", api::k_failed};
}

bool keep_session(const FlowEvents& events, server_api::Client& client, const platform::jose::EcKey& key,
                  server_api::SessionGrant grant) {
    const std::string session_id = grant.session_id;
    const auto stored = events.store(std::move(grant), key);
    if (stored)
        return true;
    (void)client.revoke(key, session_id);
    events.fail(stored.error());
    return false;
}

} // namespace keyfob::agent::login
