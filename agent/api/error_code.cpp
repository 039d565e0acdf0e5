#include "agent/api/error_code.h"

#include <algorithm>
#include <array>

namespace keyfob::agent::api {

namespace {
constexpr std::array k_codes{
    ErrorCode{k_failed, -32000, 1},
    ErrorCode{k_cancelled, -32001, 2},
    ErrorCode{k_usage, -32602, 3},
    ErrorCode{k_sign_in_needed, -32004, 4},
    ErrorCode{k_keychain_locked, -32005, 5},
    ErrorCode{k_refused, -32006, 6},
    ErrorCode{k_agent_unreachable, -32007, 7},
    ErrorCode{k_keychain_unreachable, -32008, 8},
    ErrorCode{k_timed_out, -32009, 9},
    ErrorCode{k_keychain_denied, -32010, 10},
};
} // namespace

const ErrorCode& error_code(std::string_view word) {
    const auto* found =
        std::find_if(k_codes.begin(), k_codes.end(), [&](const ErrorCode& code) { return code.word == word; });
    return found == k_codes.end() ? k_codes[0] : *found;
}

} // namespace keyfob::agent::api
