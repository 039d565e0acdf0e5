#include "platform/http/request_parser.h"

#include "platform/encoding.h"
#include "platform/http/field_lines.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace keyfob::platform::http {
namespace {

constexpr std::size_t k_longest_method = 16;
constexpr std::size_t k_longest_target = 8 * 1024;

/// Fields of which a second one could be read differently by somebody before or behind us.
constexpr std::array<std::string_view, 16> k_singular = {"Host",
                                                         "Content-Length",
                                                         "Content-Type",
                                                         "Authorization",
                                                         "Cookie",
                                                         "DPoP",
                                                         "Origin",
                                                         "Referer",
                                                         "Expect",
                                                         "Connection",
                                                         "Upgrade",
                                                         "Sec-Secure-Session-Id",
                                                         "Secure-Session-Response",
                                                         "Sec-Fetch-Site",
                                                         "Sec-Fetch-Dest",
                                                         "Sec-Fetch-Mode"};

std::optional<Refusal> parse_request_line(std::string_view line, RequestHead& head) {
    const std::size_t first = line.find(' ');
    const std::size_t last = line.rfind(' ');
    if (first == std::string_view::npos || first == last)
        return Refusal{400, "the request line has not three parts"};
    const std::string_view method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const std::string_view version = line.substr(last + 1);
    if (!is_token(method))
        return Refusal{400, "the method is no token"};
    if (method.size() > k_longest_method)
        return Refusal{501, "the method is too long"};
    if (version != "HTTP/1.1" && version != "HTTP/1.0")
        return version.substr(0, 5) == "HTTP/" ? Refusal{505, "the version is not HTTP/1.x"}
                                               : Refusal{400, "no HTTP version"};
    if (target.size() > k_longest_target)
        return Refusal{414, "the target is too long"};
    const bool visible =
        std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
    if (target.empty() || target[0] != '/' || !visible || target.substr(0, 2) == "//")
        return Refusal{400, "the target is not in origin form"};
    const std::size_t mark = target.find('?');
    head.request.method = method;
    head.request.path = target.substr(0, mark);
    head.request.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
    head.keep_alive = version == "HTTP/1.1";
    return std::nullopt;
}

/// SE-04: browsers compare the prefix `__Host-` without case, so that a sibling could slip in a cookie spelled otherwise. Two of exactly one
/// name are everyday (one of the host, one of its parent domain); Request::cookie() takes neither.
bool has_ambiguous_cookies(const Headers& headers) {
    const std::string* field = headers.find("Cookie");
    if (field == nullptr || field->find(';') == std::string::npos) // at most one
        return false;
    const auto cookies = parse_cookies(*field);
    std::map<std::string, std::string_view> spellings;
    for (const auto& [name, value] : cookies)
        if (const auto known = spellings.emplace(lower_case(name), name).first; known->second != name)
            return true;
    return false;
}

bool is_singular(std::string_view name) {
    return std::any_of(k_singular.begin(), k_singular.end(),
                       [&](std::string_view one) { return equal_ignoring_case(name, one); });
}

/// A singular field that stands twice; null when none does.
const std::string* repeated_field(const Headers& headers) {
    const auto& fields = headers.fields();
    for (auto field = fields.begin(); field != fields.end(); ++field) {
        const auto repeats = [&](const Headers::Field& earlier) {
            return equal_ignoring_case(earlier.first, field->first);
        };
        if (is_singular(field->first) && std::any_of(fields.begin(), field, repeats))
            return &field->first;
    }
    return nullptr;
}

std::optional<Refusal> check_length(RequestHead& head) {
    const Headers& headers = head.request.headers;
    if (headers.find("Transfer-Encoding") != nullptr)
        return Refusal{501, "a transfer coding on a request"};
    const std::string* length = headers.find("Content-Length");
    if (length == nullptr) {
        const std::string& method = head.request.method;
        const bool has_no_body = method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "DELETE";
        return has_no_body ? std::nullopt : std::optional(Refusal{411, "no Content-Length"});
    }
    const auto value = parse_content_length(*length);
    if (!value)
        return Refusal{400, "the Content-Length is not a plain number"};
    head.content_length = *value;
    return std::nullopt;
}

/// `Connection` is a list (RFC 9110 section 7.6.1).
bool lists_close(std::string_view options) {
    while (!options.empty()) {
        const std::size_t end = options.find(',');
        std::string_view option = options.substr(0, end);
        options = end == std::string_view::npos ? std::string_view{} : options.substr(end + 1);
        while (!option.empty() && (option.front() == ' ' || option.front() == '\t'))
            option.remove_prefix(1);
        while (!option.empty() && (option.back() == ' ' || option.back() == '\t'))
            option.remove_suffix(1);
        if (equal_ignoring_case(option, "close"))
            return true;
    }
    return false;
}

std::optional<Refusal> check_fields(RequestHead& head) {
    const Headers& headers = head.request.headers;
    if (const std::string* name = repeated_field(headers))
        return Refusal{400, *name + " stands twice"};
    const std::string* host = headers.find("Host");
    if (host == nullptr || host->empty())
        return Refusal{400, "no Host"};
    if (has_ambiguous_cookies(headers))
        return Refusal{400, "two cookies whose names differ in case"};
    if (const std::string* connection = headers.find("Connection"); connection != nullptr && lists_close(*connection))
        head.keep_alive = false;
    return check_length(head);
}

} // namespace

std::variant<RequestHead, Incomplete, Refusal> parse_request_head(std::string_view input, const Limits& limits) {
    const std::size_t length = head_length(input.substr(0, limits.head_bytes));
    if (length == 0) {
        if (input.size() >= limits.head_bytes)
            return Refusal{input.find("\r\n") == std::string_view::npos ? 414 : 431, "the head is too long"};
        // A first line that is wrong already must not wait for the deadline.
        const std::size_t feed = input.find('\n');
        if (feed != std::string_view::npos && (feed == 0 || input[feed - 1] != '\r'))
            return Refusal{400, "a bare line feed"};
        return Incomplete{};
    }
    std::variant<RequestHead, Incomplete, Refusal> parsed;
    auto& head = std::get<RequestHead>(parsed);
    head.head_length = length;
    std::string_view rest = input.substr(0, length);
    const auto line = take_line(rest);
    if (!line)
        return Refusal{400, "a control octet in the request line"};
    if (auto refusal = parse_request_line(*line, head))
        return std::move(*refusal);
    auto fields = parse_fields(rest, limits.fields);
    if (const auto* malformed = std::get_if<Malformed>(&fields))
        return Refusal{malformed->too_many ? 431 : 400, malformed->reason};
    head.request.headers = std::move(std::get<Headers>(fields));
    if (auto refusal = check_fields(head))
        return std::move(*refusal);
    return parsed;
}

} // namespace keyfob::platform::http
