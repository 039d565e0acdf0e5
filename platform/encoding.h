#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace keyfob::platform {

/// base64url without padding (RFC 4648 section 5, as JOSE uses it).
[[nodiscard]] std::string base64url_encode(std::string_view octets);
/// Strict: no padding, no white space, no foreign letters, and the unused bits of the last letter are zero; else nullopt.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);

[[nodiscard]] std::string hex_number(std::uint32_t value, int digits); ///< the last `digits` of it, in lower case
[[nodiscard]] std::string hex_encode(std::string_view octets);

/// percent-encodes everything but RFC 3986 unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Strict: a `%` not followed by two hex digits, or a resulting NUL, gives nullopt. `+` stays `+`.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Text for HTML element content and double-quoted attributes (WH-03).
[[nodiscard]] std::string html_escape(std::string_view text);

[[nodiscard]] bool is_valid_utf8(std::string_view text);
/// Text from somebody else, made safe for a terminal or a log line: control, bidi and invalid bytes become `\xNN` or `\u{…}`,
/// and it is cut at `limit` bytes (CL-02, OP-01).
[[nodiscard]] std::string printable(std::string_view text, std::size_t limit = 500);

[[nodiscard]] std::string lower_case(std::string_view text); ///< ASCII only
[[nodiscard]] constexpr char lower_case(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
/// ASCII only. Here for the compiler to see: every look-up of a header field compares with many names, most of another length.
[[nodiscard]] constexpr bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return x == y || lower_case(x) == lower_case(y); });
}

} // namespace keyfob::platform
