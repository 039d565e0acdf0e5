#pragma once

#include <cstddef>

namespace keyfob::agent::api {

/// Names of the protocol; PROTOCOL.md explains each.
inline constexpr int k_protocol_version = 1;
inline constexpr std::size_t k_longest_line = 1 << 16;   ///< of a request: octets, its line end included
inline constexpr std::size_t k_longest_answer = 1 << 20; ///< has room for a hundred accounts with the longest names

inline constexpr const char* k_hello = "hello";
inline constexpr const char* k_login_start = "login.start";
inline constexpr const char* k_login_wait = "login.wait";
inline constexpr const char* k_login_reached = "login.reached";
inline constexpr const char* k_login_cancel = "login.cancel";
inline constexpr const char* k_hand_out = "hand_out";
inline constexpr const char* k_status = "status";
inline constexpr const char* k_logout = "logout";
inline constexpr const char* k_sessions_list = "sessions.list";
inline constexpr const char* k_sessions_revoke = "sessions.revoke";
inline constexpr const char* k_stop = "stop";

} // namespace keyfob::agent::api
