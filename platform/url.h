#pragma once

#include "platform/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyfob::platform {

/// Scheme, host and port (RFC 6454): the border of every credential. Host is lower case; port is always a number.
struct Origin {
    std::string scheme;
    std::string host; ///< IPv6 without brackets
    std::uint16_t port = 0;

    bool operator==(const Origin&) const = default;
    [[nodiscard]] std::string
    text() const; ///< `https://example.com` or `http://127.0.0.1:8420`; default ports left out
    [[nodiscard]] std::string authority() const; ///< the Host header for this origin
    /// True for http and https on the literal loopback addresses 127.0.0.1 and ::1 (no names: DNS decides what they mean).
    [[nodiscard]] bool is_loopback() const;
};

/// An absolute http or https URL, parsed by RFC 3986 without leniency: no user information, no backslash, no control or
/// non-ASCII characters, host one of name, dotted-quad, bracketed IPv6; port 1 to 65535 in plain digits.
struct Url {
    Origin origin;
    std::string path;  ///< begins with `/`; as written, not decoded
    std::string query; ///< without `?`; as written
    bool has_query = false;

    [[nodiscard]] static Result<Url> parse(std::string_view text); ///< Errors: invalid. A fragment is refused.
    [[nodiscard]] std::string text() const;
    [[nodiscard]] std::string target() const; ///< path and query: what stands in a request line
};

/// Parameters in order, decoded.
class Parameters {
public:
    /// application/x-www-form-urlencoded. Errors: invalid (bad escape, NUL, invalid UTF-8, more than 64 pairs, a name twice: RP-22).
    [[nodiscard]] static Result<Parameters> parse(std::string_view text);
    [[nodiscard]] const std::string*
    find(std::string_view name) const;                          ///< null if absent; valid as long as this object
    [[nodiscard]] std::string get(std::string_view name) const; ///< empty if absent
    void add(std::string name, std::string value);
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return m_values; }
    [[nodiscard]] std::string encode() const;

private:
    std::vector<std::pair<std::string, std::string>> m_values;
};

/// `base` with the parameters appended to its query.
[[nodiscard]] std::string with_query(std::string base, const Parameters& parameters);

} // namespace keyfob::platform
