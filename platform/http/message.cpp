#include "platform/http/message.h"

#include "platform/encoding.h"

#include <algorithm>
#include <array>

namespace keyfob::platform::http {
namespace {

constexpr std::array<bool, 256> make_token_octets() {
    constexpr std::string_view k_octets =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~";
    std::array<bool, 256> is_one{};
    for (const char c : k_octets)
        is_one[static_cast<unsigned char>(c)] = true;
    return is_one;
}

constexpr auto k_is_token_octet = make_token_octets();

} // namespace

void Headers::add(std::string name, std::string value) {
    m_fields.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string name, std::string value) {
    remove(name);
    add(std::move(name), std::move(value));
}

void Headers::remove(std::string_view name) {
    std::erase_if(m_fields, [&](const Field& field) { return equal_ignoring_case(field.first, name); });
}

const std::string* Headers::find(std::string_view name) const {
    const auto found = std::find_if(m_fields.begin(), m_fields.end(),
                                    [&](const Field& field) { return equal_ignoring_case(field.first, name); });
    return found == m_fields.end() ? nullptr : &found->second;
}

std::vector<std::string_view> Headers::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (const auto& [field, value] : m_fields)
        if (equal_ignoring_case(field, name))
            values.emplace_back(value);
    return values;
}

std::optional<Cookie> take_cookie(std::string_view& field) {
    while (!field.empty()) {
        const std::size_t end = field.find(';');
        std::string_view pair = field.substr(0, end);
        field = end == std::string_view::npos ? std::string_view{} : field.substr(end + 1);
        while (!pair.empty() && pair.front() == ' ')
            pair.remove_prefix(1);
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos)
            return Cookie{pair.substr(0, equals), pair.substr(equals + 1)};
    }
    return std::nullopt;
}

std::vector<Cookie> parse_cookies(std::string_view field) {
    std::vector<Cookie> cookies;
    while (const auto cookie = take_cookie(field))
        cookies.push_back(*cookie);
    return cookies;
}

std::optional<std::string> Request::cookie(std::string_view name) const {
    const std::string* field = headers.find("Cookie");
    std::string_view rest = field == nullptr ? std::string_view{} : std::string_view(*field);
    std::optional<std::string_view> found;
    while (const auto cookie = take_cookie(rest)) {
        if (cookie->first != name)
            continue;
        if (found)
            return std::nullopt;
        found = cookie->second;
    }
    return found ? std::optional<std::string>(*found) : std::nullopt;
}

std::string media_type(const Headers& headers) {
    const std::string* field = headers.find("Content-Type");
    if (field == nullptr)
        return {};
    const std::string type = lower_case(std::string_view(*field).substr(0, field->find(';')));
    const std::size_t begin = type.find_first_not_of(" \t");
    return begin == std::string::npos ? std::string() : type.substr(begin, type.find_last_not_of(" \t") + 1 - begin);
}

bool is_header_value(std::string_view value) {
    return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7F); });
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(),
                                        [](char c) { return k_is_token_octet[static_cast<unsigned char>(c)]; });
}

std::string_view reason_phrase(int status) {
    switch (status) {
    case 100:
        return "Continue";
    case 200:
        return "OK";
    case 201:
        return "Created";
    case 204:
        return "No Content";
    case 302:
        return "Found";
    case 303:
        return "See Other";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 409:
        return "Conflict";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 421:
        return "Misdirected Request";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Unknown";
    }
}

} // namespace keyfob::platform::http
