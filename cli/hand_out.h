#pragma once

#include "agent/api/client.h"
#include "platform/http/message.h"
#include "platform/result.h"

#include <string>

namespace keyfob::cli {

/// What the agent lends for one request. A secret: it goes into the request and nowhere else.
struct HandOut {
    std::string server; ///< of the account
    platform::http::Headers headers;
};

/// `url`: the request's URL, or its path on the account's server. `account` may be empty.
[[nodiscard]] platform::Result<HandOut> ask_hand_out(agent::api::Client& agent, const std::string& url,
                                                     const std::string& method, const std::string& account);

} // namespace keyfob::cli
