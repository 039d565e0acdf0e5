#pragma once

#include "platform/random.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyfob::server::signin {

/// What a person types from a terminal into a browser (RFC 8628 section 6.1): 8 of 20 consonants, so that no code is a word, no letter looks like
/// a digit, and 34.5 bits are quickly typed. Shown as `BCDF-GHJK`, kept as `BCDFGHJK`.
inline constexpr std::string_view k_user_code_letters = "BCDFGHJKLMNPQRSTVWXZ";
inline constexpr std::size_t k_user_code_length = 8;

/// DG-02: how far guessing gets within the life of a code, at one server process. Each wrong try costs one of `k_most_wrong_codes`, and hits one of
/// `k_most_device_grants` with probability k_most_device_grants / 20^8; together 100 * 1,000 / 2.56e10 = 3.9e-6, below 1e-5.
inline constexpr std::int64_t k_most_wrong_codes = 100;
inline constexpr std::int64_t k_most_device_grants = 1'000;
inline constexpr std::int64_t k_user_code_seconds = 600;

/// Letters alone. Every code is equally likely.
[[nodiscard]] std::string make_user_code(platform::Random& random);
/// `BCDF-GHJK`.
[[nodiscard]] std::string shown_user_code(const std::string& code);
/// What somebody typed: in any case, with or without blanks and hyphens. nullopt for anything that is no code.
[[nodiscard]] std::optional<std::string> parse_user_code(std::string_view text);

} // namespace keyfob::server::signin
