#include "platform/encoding.h"

#include <algorithm>
#include <array>

namespace keyfob::platform {
namespace {

constexpr std::string_view k_base64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view k_hex_lower = "0123456789abcdef";
constexpr std::string_view k_hex_upper = "0123456789ABCDEF";
constexpr int k_no_digit = -1;

constexpr std::array<int, 256> make_base64url_values() {
    std::array<int, 256> values{};
    values.fill(k_no_digit);
    for (std::size_t i = 0; i < k_base64url.size(); ++i)
        values[static_cast<unsigned char>(k_base64url[i])] = static_cast<int>(i);
    return values;
}

constexpr auto k_base64url_values = make_base64url_values();

int hex_value(char letter) {
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    if (letter >= 'a' && letter <= 'f')
        return letter - 'a' + 10;
    if (letter >= 'A' && letter <= 'F')
        return letter - 'A' + 10;
    return k_no_digit;
}

bool is_unreserved(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

constexpr char32_t k_invalid = 0xFFFFFFFF;

struct CodePoint {
    char32_t value = k_invalid;
    std::size_t length = 1;
};

/// The code point at the beginning of `text` (not empty); k_invalid with length 1 for anything that is not well-formed UTF-8.
CodePoint next_code_point(std::string_view text) {
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80)
        return {first, 1};
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length)
        return {};
    char32_t value = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if ((next & 0xC0U) != 0x80)
            return {};
        value = (value << 6U) | (next & 0x3FU);
    }
    constexpr std::array<char32_t, 5> k_smallest{0, 0, 0x80, 0x800, 0x10000};
    if (value < k_smallest[length] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))
        return {};
    return {value, length};
}

/// Controls, and what changes the direction or the look of text around it: a name must not be able to rewrite a line.
bool is_dangerous(char32_t c) {
    return c < 0x20 || (c >= 0x7F && c <= 0x9F) || c == 0x061C || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
           (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

} // namespace

std::string base64url_encode(std::string_view octets) {
    std::string text((octets.size() * 4 + 2) / 3, '\0'); // written by place: this is done for every cookie
    char* place = text.data();
    const auto write = [&](std::uint32_t group, unsigned letters) {
        for (unsigned shift = 18; letters > 0; --letters, shift -= 6)
            *place++ = k_base64url[(group >> shift) & 0x3FU];
    };
    const auto* octet = reinterpret_cast<const unsigned char*>(octets.data());
    std::size_t left = octets.size();
    for (; left >= 3; left -= 3, octet += 3)
        write((static_cast<std::uint32_t>(octet[0]) << 16U) | (static_cast<std::uint32_t>(octet[1]) << 8U) | octet[2],
              4);
    if (left == 2)
        write((static_cast<std::uint32_t>(octet[0]) << 16U) | (static_cast<std::uint32_t>(octet[1]) << 8U), 3);
    if (left == 1)
        write(static_cast<std::uint32_t>(octet[0]) << 16U, 2);
    return text;
}

std::optional<std::string> base64url_decode(std::string_view text) {
    if (text.size() % 4 == 1)
        return std::nullopt;
    std::string octets;
    octets.reserve(text.size() * 3 / 4);
    std::uint32_t buffer = 0;
    unsigned bits = 0;
    for (const char letter : text) {
        const int value = k_base64url_values[static_cast<unsigned char>(letter)];
        if (value == k_no_digit)
            return std::nullopt;
        buffer = (buffer << 6U) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            octets += static_cast<char>((buffer >> bits) & 0xFFU);
        }
    }
    if ((buffer & ((1U << bits) - 1)) != 0)
        return std::nullopt; // two texts must never mean the same octets
    return octets;
}

std::string hex_number(std::uint32_t value, int digits) {
    std::string text;
    for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
        text += k_hex_lower[(value >> static_cast<unsigned>(shift)) & 0xFU];
    return text;
}

std::string hex_encode(std::string_view octets) {
    std::string text;
    for (const char octet : octets)
        text += hex_number(static_cast<unsigned char>(octet), 2);
    return text;
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        if (is_unreserved(c)) {
            encoded += c;
            continue;
        }
        const auto octet = static_cast<unsigned char>(c);
        encoded += '%';
        encoded += k_hex_upper[octet >> 4U];
        encoded += k_hex_upper[octet & 0xFU];
    }
    return encoded;
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\0')
            return std::nullopt;
        if (text[i] != '%') {
            decoded += text[i];
            continue;
        }
        if (i + 2 >= text.size())
            return std::nullopt;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high == k_no_digit || low == k_no_digit || (high == 0 && low == 0))
            return std::nullopt;
        decoded += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return decoded;
}

std::string html_escape(std::string_view text) {
    std::string escaped;
    for (const char c : text) {
        switch (c) {
        case '&':
            escaped += "&amp;";
            break;
        case '<':
            escaped += "&lt;";
            break;
        case '>':
            escaped += "&gt;";
            break;
        case '"':
            escaped += "&quot;";
            break;
        case '\'':
            escaped += "&#39;";
            break;
        default:
            escaped += c;
        }
    }
    return escaped;
}

bool is_valid_utf8(std::string_view text) {
    while (!text.empty()) {
        const CodePoint point = next_code_point(text);
        if (point.value == k_invalid)
            return false;
        text.remove_prefix(point.length);
    }
    return true;
}

std::string printable(std::string_view text, std::size_t limit) {
    if (text.size() <= limit && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        return std::string(text);
    std::string safe;
    while (!text.empty()) {
        const CodePoint point = next_code_point(text);
        std::string piece(text.substr(0, point.length));
        if (point.value == k_invalid)
            piece = "\\x" + hex_number(static_cast<unsigned char>(text[0]), 2);
        else if (is_dangerous(point.value))
            piece = point.value < 0x80 ? "\\x" + hex_number(point.value, 2) : "\\u{" + hex_number(point.value, 5) + "}";
        if (safe.size() + piece.size() > limit)
            return safe + "…";
        safe += piece;
        text.remove_prefix(point.length);
    }
    return safe;
}

std::string lower_case(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower_case(c); });
    return result;
}

} // namespace keyfob::platform
