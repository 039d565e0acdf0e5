#pragma once

#include "platform/random.h"

#include <string>
#include <string_view>

namespace keyfob::server::signin {

/// Secrets that are sent as they are: a prefix that tells what it is, 43 letters of randomness, 8 hex digits of checksum (AS-16), so that
/// scanners for leaked secrets find them, one kind is never taken for another, and a mangled one never costs a look-up.
[[nodiscard]] std::string make_opaque_token(std::string_view prefix, platform::Random& random);
[[nodiscard]] bool is_opaque_token(std::string_view prefix, std::string_view value);

/// What a standard client is given.
inline constexpr std::string_view k_access_token_prefix = "kfa_";

} // namespace keyfob::server::signin
