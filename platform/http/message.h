#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace keyfob::platform::http {

/// Header fields in order, values exactly as sent (no RFC 2047 decoding); names compare without case.
class Headers {
public:
    using Field = std::pair<std::string, std::string>;
    void add(std::string name, std::string value);
    void set(std::string name, std::string value); ///< replaces every field of that name
    void remove(std::string_view name);
    [[nodiscard]] const std::string* find(std::string_view name) const; ///< the first, or null; valid until changed
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
    [[nodiscard]] std::size_t count(std::string_view name) const { return all(name).size(); }
    [[nodiscard]] const std::vector<Field>& fields() const { return m_fields; }

private:
    std::vector<Field> m_fields;
};

/// What every handler sees of a request. A value; nothing in it refers to a connection.
struct Request {
    std::string method;
    std::string path;  ///< as sent, begins with `/`; never decoded
    std::string query; ///< as sent, without `?`
    Headers headers;
    std::string body;         ///< complete: Content-Length octets were read
    std::string peer_address; ///< numeric address of the TCP peer
    std::uint16_t peer_port = 0;
    bool tls = false;
    std::string request_id; ///< made by the server; goes into error bodies and the log

    /// The value of the cookie with exactly this name (compared byte for byte). nullopt when absent, and when it stands there twice: nobody can
    /// tell whose is whose. Two names that differ in case only have been refused by the parser (SE-04).
    [[nodiscard]] std::optional<std::string> cookie(std::string_view name) const;
};

struct Response {
    int status = 200;
    Headers headers;
    std::string body;
};

using Cookie = std::pair<std::string_view, std::string_view>; ///< name and value
/// Takes the next cookie off a Cookie field; nullopt when none is left. Parts without `=` are left out. A view into `field`.
[[nodiscard]] std::optional<Cookie> take_cookie(std::string_view& field);
/// All of them, in order.
[[nodiscard]] std::vector<Cookie> parse_cookies(std::string_view field);

/// The media type of a Content-Type without its parameters, in lower case; empty without the field.
[[nodiscard]] std::string media_type(const Headers& headers);
inline constexpr const char* k_form_type = "application/x-www-form-urlencoded";

/// True when `value` may stand in a header field: visible ASCII, blank and tab only; no CR, LF, NUL.
[[nodiscard]] bool is_header_value(std::string_view value);
[[nodiscard]] bool is_token(std::string_view text); ///< RFC 9110 token
[[nodiscard]] std::string_view reason_phrase(int status);

} // namespace keyfob::platform::http
