#include "cli/ascii_json.h"

#include "platform/encoding.h"

#include <cstdint>

namespace keyfob::cli {
namespace {

constexpr char32_t k_replacement = 0xFFFD;

std::size_t length_by_lead(unsigned char lead) {
    if (lead >= 0xF0)
        return 4;
    return lead >= 0xE0 ? 3 : 2;
}

/// Takes one character from the front of a text that begins with a byte beyond ASCII.
char32_t take(std::string_view& text) {
    const std::size_t length = length_by_lead(static_cast<unsigned char>(text[0]));
    if (!platform::is_valid_utf8(text.substr(0, length))) {
        text.remove_prefix(1);
        return k_replacement;
    }
    char32_t value = static_cast<unsigned char>(text[0]) & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i)
        value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    text.remove_prefix(length);
    return value;
}

void append_escape(std::string& out, std::uint32_t unit) {
    constexpr const char* k_digits = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
        out += k_digits[(unit >> static_cast<unsigned>(shift)) & 0xFU];
}

void append(std::string& out, char32_t value) {
    if (value < 0x10000)
        return append_escape(out, value);
    append_escape(out, 0xD800 + ((value - 0x10000) >> 10U));
    append_escape(out, 0xDC00 + ((value - 0x10000) & 0x3FFU));
}

} // namespace

std::string ascii_json(std::string_view json) {
    std::string out;
    out.reserve(json.size());
    while (!json.empty()) {
        const auto first = static_cast<unsigned char>(json[0]);
        if (first >= 0x80) {
            append(out, take(json));
            continue;
        }
        if (first == 0x7F)
            append(out, first);
        else
            out += json[0];
        json.remove_prefix(1);
    }
    return out;
}

} // namespace keyfob::cli
