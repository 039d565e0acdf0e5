#include "platform/http/field_lines.h"

#include <algorithm>
#include <string>

namespace keyfob::platform::http {
namespace {

/// Without an early end, so that the compiler looks at many octets at once.
bool has_control_octet(std::string_view line) {
    unsigned found = 0;
    for (const char c : line) {
        const auto octet = static_cast<unsigned char>(c);
        found |= static_cast<unsigned>(octet != '\t') & static_cast<unsigned>((octet < 0x20) | (octet == 0x7F));
    }
    return found != 0;
}

std::string_view trimmed(std::string_view text) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && is_blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back()))
        text.remove_suffix(1);
    return text;
}

} // namespace

std::size_t head_length(std::string_view input) {
    const std::size_t end = input.find("\r\n\r\n");
    return end == std::string_view::npos ? 0 : end + 4;
}

std::optional<std::string_view> take_line(std::string_view& input) {
    const std::size_t feed = input.find('\n');
    if (feed == std::string_view::npos || feed == 0 || input[feed - 1] != '\r')
        return std::nullopt;
    const std::string_view line = input.substr(0, feed - 1);
    input.remove_prefix(feed + 1);
    if (has_control_octet(line))
        return std::nullopt;
    return line;
}

std::variant<Headers, Malformed> parse_fields(std::string_view lines, std::size_t most) {
    Headers headers;
    while (true) {
        const auto line = take_line(lines);
        if (!line)
            return Malformed{"a control octet or a bare line end"};
        if (line->empty())
            return headers;
        if (line->front() == ' ' || line->front() == '\t')
            return Malformed{"a folded line"};
        const std::size_t colon = line->find(':');
        if (colon == std::string_view::npos || !is_token(line->substr(0, colon)))
            return Malformed{"a field name is no token"};
        if (headers.fields().size() == most)
            return Malformed{"too many fields", true};
        headers.add(std::string(line->substr(0, colon)), std::string(trimmed(line->substr(colon + 1))));
    }
}

std::optional<std::size_t> parse_content_length(std::string_view value) {
    constexpr std::size_t k_most_digits = 15;
    if (value.empty() || value.size() > k_most_digits ||
        !std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    std::size_t length = 0;
    for (const char digit : value)
        length = length * 10 + static_cast<std::size_t>(digit - '0');
    return length;
}

} // namespace keyfob::platform::http
