#include "platform/encoding.h"
#include "platform/http/request_parser.h"
#include "tests/fuzz/fuzzer.h"

#include <algorithm>
#include <set>

using namespace keyfob::platform;
using namespace keyfob::platform::http;
using keyfob::fuzz::require;

namespace {

using Cookies = std::vector<std::pair<std::string_view, std::string_view>>;

constexpr std::size_t k_most_looked_up = 16; // each one reads the whole field

std::string written(const Cookies& cookies) {
    std::string field;
    for (const auto& [name, value] : cookies)
        field.append(field.empty() ? "" : "; ").append(name).append("=").append(value);
    return field;
}

std::ptrdiff_t count(const Cookies& cookies, std::string_view name) {
    return std::count_if(cookies.begin(), cookies.end(), [&](const auto& cookie) { return cookie.first == name; });
}

/// Two names that differ in case alone.
bool is_ambiguous(const Cookies& cookies) {
    std::set<std::string_view> names;
    std::set<std::string> names_without_case;
    for (const auto& [name, value] : cookies) {
        names.insert(name);
        names_without_case.insert(lower_case(name));
    }
    return names.size() != names_without_case.size();
}

void check_found(const Request& request, const Cookies& cookies) {
    for (std::size_t i = 0; i < std::min(cookies.size(), k_most_looked_up); ++i) {
        const auto& [name, value] = cookies[i];
        const auto found = request.cookie(name);
        require(found.has_value() == (count(cookies, name) == 1), "a cookie is found unless two have its name");
        require(!found || *found == value, "its value is as sent");
    }
    require(request.cookie("__Host-keyfob").has_value() == (count(cookies, "__Host-keyfob") == 1),
            "no other name stands for ours");
}

} // namespace

/// SE-04: a cookie is found by its exact name alone, and not if two have it; names that differ in case alone are refused with the whole head.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view field = keyfob::fuzz::text_of(data, size);
    const Cookies cookies = parse_cookies(field);
    for (const auto& [name, value] : cookies)
        require(name.find_first_of("=;") == std::string_view::npos && value.find(';') == std::string_view::npos,
                "a cookie ends at its semicolon, its name at the first equals sign");
    const std::string again = written(cookies);
    require(parse_cookies(again) == cookies, "written and parsed again they are the same");

    Limits limits;
    limits.head_bytes = size + 100;
    const auto parsed =
        parse_request_head("GET / HTTP/1.1\r\nHost: x\r\nCookie: " + std::string(field) + "\r\n\r\n", limits);
    const bool has_control = std::any_of(field.begin(), field.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    });
    if (has_control)
        return 0; // that may be a whole other head
    const auto* head = std::get_if<RequestHead>(&parsed);
    const std::size_t begin = std::min(field.find_first_not_of(" \t"), field.size());
    const std::string_view trimmed = field.substr(begin, field.find_last_not_of(" \t") + 1 - begin);
    const Cookies delivered = parse_cookies(trimmed);
    require((head != nullptr) == !is_ambiguous(delivered), "a head is refused for names that differ in case, only");
    if (head != nullptr)
        check_found(head->request, delivered);
    return 0;
}
