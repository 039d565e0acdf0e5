#pragma once

#include "agent/login/login_flow.h"
#include "platform/http/message.h"

#include <string>

namespace keyfob::agent::login {

/// The agent's own pages: no script, nothing of the request in them (AG-04).
[[nodiscard]] platform::http::Response page_response(Page page);
/// The page at the end of a sign-in. `account` is escaped.
[[nodiscard]] platform::http::Response signed_in_response(const std::string& account, const std::string& command);
/// The server could not be asked for a sign-in; `why` is our own text.
[[nodiscard]] platform::http::Response not_begun_response(const std::string& why);

} // namespace keyfob::agent::login
