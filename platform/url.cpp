#include "platform/url.h"

#include "platform/encoding.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <arpa/inet.h>

namespace keyfob::platform {
namespace {

constexpr std::size_t k_longest_url = 8 * 1024;
constexpr std::size_t k_most_parameters = 64;

std::uint16_t default_port(std::string_view scheme) {
    return scheme == "https" ? 443 : 80;
}

Error bad_url(const char* why) {
    return {ErrorKind::invalid, std::string("not a valid URL: ") + why};
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_alphanumeric(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    if (text.empty() || text.size() > 5 || text[0] == '0' || !std::all_of(text.begin(), text.end(), is_digit))
        return std::nullopt;
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    if (value > 65535)
        return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

/// Four decimal numbers, none with a leading zero: `127.1`, `0x7f.1` and `2130706433` mean loopback to some and a name to others.
bool is_dotted_quad(std::string_view host) {
    int numbers = 0;
    while (true) {
        const std::size_t dot = host.find('.');
        const std::string_view part = host.substr(0, dot);
        if (part.empty() || part.size() > 3 || !std::all_of(part.begin(), part.end(), is_digit) ||
            (part.size() > 1 && part[0] == '0') || std::stoi(std::string(part)) > 255)
            return false;
        ++numbers;
        if (dot == std::string_view::npos)
            return numbers == 4;
        host.remove_prefix(dot + 1);
    }
}

bool is_label(std::string_view label) {
    return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
           std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-' || c == '_'; });
}

bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > 253)
        return false;
    std::string_view last;
    while (true) {
        const std::size_t dot = host.find('.');
        last = host.substr(0, dot);
        if (!is_label(last))
            return false;
        if (dot == std::string_view::npos)
            break;
        host.remove_prefix(dot + 1);
    }
    // A last label that is a number makes browsers read the whole as an IPv4 address (WHATWG URL, "ends in a number").
    return !is_digit(last[0]) || !std::all_of(last.begin(), last.end(), is_alphanumeric) ||
           (!std::all_of(last.begin(), last.end(), is_digit) &&
            !(last.size() > 1 && last[0] == '0' && (last[1] == 'x' || last[1] == 'X')));
}

bool is_ipv6(std::string_view host) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET6, std::string(host).c_str(), &ignored) == 1;
}

Result<Origin> parse_authority(const std::string& scheme, std::string_view authority) {
    Origin origin{scheme, "", default_port(scheme)};
    std::string_view host = authority;
    std::string_view port;
    bool has_port = false;
    if (!authority.empty() && authority[0] == '[') {
        const std::size_t end = authority.find(']');
        if (end == std::string_view::npos || !is_ipv6(authority.substr(1, end - 1)))
            return bad_url("the IPv6 address is malformed");
        host = authority.substr(1, end - 1);
        std::string_view rest = authority.substr(end + 1);
        has_port = !rest.empty();
        if (has_port && rest[0] != ':')
            return bad_url("something stands between address and port");
        port = has_port ? rest.substr(1) : rest;
    } else {
        const std::size_t colon = authority.find(':');
        host = authority.substr(0, colon);
        has_port = colon != std::string_view::npos;
        port = has_port ? authority.substr(colon + 1) : std::string_view{};
        if (!is_dotted_quad(host) && !is_host_name(host))
            return bad_url("the host is malformed");
    }
    origin.host = lower_case(host);
    if (has_port) {
        const auto number = parse_port(port);
        if (!number)
            return bad_url("the port is not a number from 1 to 65535");
        origin.port = *number;
    }
    return origin;
}

bool is_target_character(char c) {
    return c > 0x20 && c < 0x7F && c != '\\' && c != '"' && c != '<' && c != '>' && c != '^' && c != '`' && c != '{' &&
           c != '|' && c != '}';
}

} // namespace

std::string Origin::authority() const {
    const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port == default_port(scheme) ? name : name + ":" + std::to_string(port);
}

std::string Origin::text() const {
    return scheme + "://" + authority();
}

bool Origin::is_loopback() const {
    return host == "127.0.0.1" || host == "::1";
}

Result<Url> Url::parse(std::string_view text) {
    if (text.size() > k_longest_url)
        return bad_url("it is too long");
    if (!std::all_of(text.begin(), text.end(), is_target_character))
        return bad_url("a blank, control, backslash or non-ASCII character is in it");
    if (text.find('#') != std::string_view::npos)
        return bad_url("a fragment has no place here");
    Url url;
    const std::size_t colon = text.find("://");
    if (colon == std::string_view::npos)
        return bad_url("it does not begin with http:// or https://");
    const std::string scheme(text.substr(0, colon));
    if (scheme != "http" && scheme != "https")
        return bad_url("the scheme is neither http nor https");
    const std::string_view rest = text.substr(colon + 3);
    const std::size_t end = rest.find_first_of("/?");
    const std::string_view authority = rest.substr(0, end);
    if (authority.find('@') != std::string_view::npos)
        return bad_url("user information has no place here");
    KEYFOB_TRY_ASSIGN(url.origin, parse_authority(scheme, authority));
    const std::string_view target = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
    const std::size_t mark = target.find('?');
    url.path = target.substr(0, mark);
    if (url.path.empty())
        url.path = "/";
    url.has_query = mark != std::string_view::npos;
    if (url.has_query)
        url.query = target.substr(mark + 1);
    return url;
}

std::string Url::target() const {
    return has_query ? path + "?" + query : path;
}

std::string Url::text() const {
    return origin.text() + target();
}

Result<Parameters> Parameters::parse(std::string_view text) {
    const Error malformed{ErrorKind::invalid, "the parameters are malformed"};
    Parameters parameters;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        std::string pair(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (pair.empty())
            continue;
        std::replace(pair.begin(), pair.end(), '+', ' ');
        const std::size_t equals = pair.find('=');
        auto name = percent_decode(std::string_view(pair).substr(0, equals));
        auto value = percent_decode(equals == std::string::npos ? std::string_view{}
                                                                : std::string_view(pair).substr(equals + 1));
        if (!name || !value || !is_valid_utf8(*name) || !is_valid_utf8(*value) ||
            parameters.m_values.size() == k_most_parameters)
            return malformed;
        if (parameters.find(*name) != nullptr)
            return Error{ErrorKind::invalid, "a parameter stands twice"};
        parameters.add(std::move(*name), std::move(*value));
    }
    return parameters;
}

const std::string* Parameters::find(std::string_view name) const {
    const auto found =
        std::find_if(m_values.begin(), m_values.end(), [&](const auto& pair) { return pair.first == name; });
    return found == m_values.end() ? nullptr : &found->second;
}

std::string Parameters::get(std::string_view name) const {
    const std::string* value = find(name);
    return value == nullptr ? std::string{} : *value;
}

void Parameters::add(std::string name, std::string value) {
    m_values.emplace_back(std::move(name), std::move(value));
}

std::string Parameters::encode() const {
    std::string text;
    for (const auto& [name, value] : m_values) {
        text += text.empty() ? "" : "&";
        text += percent_encode(name) + "=" + percent_encode(value);
    }
    return text;
}

std::string with_query(std::string base, const Parameters& parameters) {
    base += base.find('?') == std::string::npos ? '?' : '&';
    return base + parameters.encode();
}

} // namespace keyfob::platform
