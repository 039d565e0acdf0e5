#pragma once

#include <string>
#include <string_view>

namespace keyfob::platform {

[[nodiscard]] std::string sha256(std::string_view octets);                            ///< 32 raw octets
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view octets); ///< 32 raw octets
/// Compares in time that depends on the lengths only (KS-06).
[[nodiscard]] bool constant_time_equal(std::string_view a, std::string_view b);
/// How secrets are stored: base64url(SHA-256(secret)). Enough for values of at least 112 random bits (KS-05).
[[nodiscard]] std::string secret_hash(std::string_view secret);

} // namespace keyfob::platform
