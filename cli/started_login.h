#pragma once

#include "platform/url.h"

#include <cstdint>
#include <string>

namespace keyfob::cli {

/// What the agent has begun, or let this command join.
struct StartedLogin {
    std::string login_id;
    platform::Url start;       ///< what a browser opens: the agent's own page, or the server's where a code is typed
    std::string user_code;     ///< with the device grant; else empty
    std::int64_t expires_in{}; ///< seconds
    bool joined = false;

    [[nodiscard]] bool by_device_grant() const { return !user_code.empty(); }
};

} // namespace keyfob::cli
