#pragma once

#include "platform/result.h"

#include <string_view>

namespace keyfob::agent::api {

/// The stable error words of the protocol (`data.code`), in the `code` of a platform::Error everywhere in the agent and the cli.
inline constexpr const char* k_failed = "failed";
inline constexpr const char* k_cancelled = "cancelled";
inline constexpr const char* k_usage = "usage";
inline constexpr const char* k_sign_in_needed = "sign_in_needed";
inline constexpr const char* k_keychain_locked = "keychain_locked";
inline constexpr const char* k_refused = "refused";
inline constexpr const char* k_agent_unreachable = "agent_unreachable"; ///< the command's side only
inline constexpr const char* k_keychain_unreachable = "keychain_unreachable";
inline constexpr const char* k_timed_out = "timed_out";
inline constexpr const char* k_keychain_denied = "keychain_denied";

/// One word, its JSON-RPC number and the exit code of the command that meets it.
struct ErrorCode {
    std::string_view word;
    int number;
    int exit_code;
};

/// By word; an unknown word is `failed`.
[[nodiscard]] const ErrorCode& error_code(std::string_view word);
[[nodiscard]] inline int exit_code(const platform::Error& error) {
    return error_code(error.code).exit_code;
}

} // namespace keyfob::agent::api
