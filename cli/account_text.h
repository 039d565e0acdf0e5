#pragma once

#include "platform/json_value.h"
#include "platform/result.h"

#include <cstdint>
#include <string>

namespace keyfob::cli {

/// What the agent tells of an account, for people; members that are missing are empty.
struct AccountText {
    std::string name;
    std::string server;
    std::string user; ///< `Ann <ann@example.com>`, as much as there is of it
    std::string provider;
    std::string state;
    std::int64_t session_expires_at = 0; ///< unix seconds, 0: unknown
};

[[nodiscard]] AccountText read_account(const platform::json::Value& account);
/// `2026-12-24 18:30`; local time.
[[nodiscard]] std::string describe_time(std::int64_t unix_seconds);
/// `2026-12-24 18:30, in 29 days`; local time. `now` in unix seconds.
[[nodiscard]] std::string describe_expiry(std::int64_t expires_at, std::int64_t now);

/// The agent did not keep to its protocol: a member is missing or of another type.
[[nodiscard]] platform::Error agent_nonsense(const char* what);

} // namespace keyfob::cli
