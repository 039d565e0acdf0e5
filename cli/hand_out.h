#pragma once

#include "agent/api/client.h"
#include "platform/http/message.h"
#include "platform/result.h"

#include <chrono>
#include <string>

namespace keyfob::cli {

/// What the agent lends for one request. A secret: it goes into the request and nowhere else.
struct HandOut {
    std::string server; ///< of the account
    platform::http::Headers headers;
    std::chrono::seconds expires_in{0}; ///< how long it is worth something, to whoever has it; 0: the agent did not say
};

/// `url`: the request's URL, or its path on the account's server. `account` may be empty. Errors: the agent's; what is no header field (RFC 9110
/// section 5) is unreachable, code agent_unreachable.
[[nodiscard]] platform::Result<HandOut> ask_hand_out(agent::api::Client& agent, const std::string& url,
                                                     const std::string& method, const std::string& account);

/// The error of a command that never signs in by itself: signed out, scripts get one line (CL-06).
[[nodiscard]] platform::Error in_one_line(platform::Error error);

} // namespace keyfob::cli
