#pragma once

#include "platform/http/message.h"

#include <cstddef>
#include <optional>
#include <string_view>
#include <variant>

namespace keyfob::platform::http {

/// Why a head is not well-formed; a literal, for the log.
struct Malformed {
    const char* reason = "";
    bool too_many = false; ///< well-formed so far, but over the limit of fields
};

/// The length of the head at the beginning of `input`, its empty line included; 0 when the end is not there yet.
[[nodiscard]] std::size_t head_length(std::string_view input);

/// The octets up to CR LF, cut off the front of `input`. nullopt: a bare CR or LF, or another control octet than tab, is in the line.
[[nodiscard]] std::optional<std::string_view> take_line(std::string_view& input);

/// The field lines of a request or response head up to the empty line (RFC 9112 section 5): no folding, no blank around the name, no
/// control octets, values trimmed and otherwise as sent.
[[nodiscard]] std::variant<Headers, Malformed> parse_fields(std::string_view lines, std::size_t most);

/// A Content-Length of plain digits, at most 15 of them. nullopt: anything else.
[[nodiscard]] std::optional<std::size_t> parse_content_length(std::string_view value);

} // namespace keyfob::platform::http
