#include "platform/encoding.h"
#include "platform/http/request_parser.h"
#include "tests/fuzz/fuzzer.h"

#include <algorithm>
#include <array>

using namespace keyfob::platform::http;
using keyfob::fuzz::require;

namespace {

constexpr std::string_view k_end = "\r\n\r\n";

/// Smaller than a server's, so that inputs reach them.
Limits small_limits() {
    Limits limits;
    limits.head_bytes = 1024;
    limits.fields = 12;
    return limits;
}

std::string written(const RequestHead& head, std::string_view version) {
    const Request& request = head.request;
    std::string text = request.method + " " + request.path + (request.query.empty() ? "" : "?" + request.query) + " ";
    text += version;
    for (const auto& [name, value] : request.headers.fields())
        text += "\r\n" + name + ": " + value;
    return text.append(k_end);
}

bool is_same(const RequestHead& one, const RequestHead& other) {
    return one.request.method == other.request.method && one.request.path == other.request.path &&
           one.request.query == other.request.query && one.request.headers.fields() == other.request.headers.fields() &&
           one.content_length == other.content_length && one.keep_alive == other.keep_alive;
}

void check_request(const RequestHead& head, std::string_view own, std::size_t most_fields) {
    const Request& request = head.request;
    require(is_token(request.method) && own.starts_with(request.method + " " + request.path),
            "method and path are as sent");
    require(request.path.starts_with('/') && !request.path.starts_with("//"), "the target is in origin form");
    require((request.path + request.query).find_first_of("# \t\r\n") == std::string::npos, "the target is visible");
    require(request.headers.fields().size() <= most_fields, "no more fields than the limit");
    for (const auto& [name, value] : request.headers.fields())
        require(is_token(name) && value.find_first_of(std::string_view("\r\n\0\x7F", 4)) == std::string::npos &&
                    own.find(name) != std::string_view::npos && own.find(value) != std::string_view::npos,
                "each field is a token and a value as sent");
}

/// What somebody before or behind us could read differently.
void check_framing(const RequestHead& head) {
    const Headers& headers = head.request.headers;
    require(headers.count("Host") == 1 && !headers.find("Host")->empty(), "exactly one Host");
    require(headers.count("Transfer-Encoding") == 0, "no transfer coding");
    for (const char* name : {"Content-Length", "Authorization", "Cookie", "DPoP", "Connection", "Origin"})
        require(headers.count(name) <= 1, "a singular field is there once");
    const std::string* length = headers.find("Content-Length");
    require(length != nullptr || head.content_length == 0, "no length but from Content-Length");
    if (length != nullptr)
        require(length->find_first_not_of("0123456789") == std::string::npos && !length->empty() &&
                    std::stoull(*length) == head.content_length,
                "the length is what its digits say");
}

void check_refusal(const Refusal& refusal, std::string_view input, const Limits& limits) {
    constexpr std::array k_statuses = {400, 411, 414, 431, 501, 505};
    require(std::find(k_statuses.begin(), k_statuses.end(), refusal.status) != k_statuses.end() &&
                is_header_value(refusal.reason) && !refusal.reason.empty(),
            "a refusal has one of six statuses and a reason");
    for (const std::string_view more : {std::string_view("x"), k_end, std::string_view("\r\nHost: x\r\n\r\n")})
        require(std::holds_alternative<Refusal>(parse_request_head(std::string(input).append(more), limits)),
                "what follows makes no refused head good");
}

void check_incomplete(std::string_view input, const Limits& limits) {
    require(input.size() < limits.head_bytes && input.find(k_end) == std::string_view::npos,
            "more is awaited below the limit alone");
    const std::size_t feed = input.find('\n');
    require(feed == std::string_view::npos || (feed > 0 && input[feed - 1] == '\r'),
            "a first line with a bare line feed is refused at once");
}

} // namespace

/// A head is taken at its own end, whatever stands behind it, and what it delivers stood in it; everything else is refused, once and for all.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Limits k_limits = small_limits();
    const std::string_view input = keyfob::fuzz::text_of(data, size);
    const auto parsed = parse_request_head(input, k_limits);
    if (const auto* refusal = std::get_if<Refusal>(&parsed))
        check_refusal(*refusal, input, k_limits);
    if (std::holds_alternative<Incomplete>(parsed))
        check_incomplete(input, k_limits);
    const auto* head = std::get_if<RequestHead>(&parsed);
    if (head == nullptr)
        return 0;
    const std::string_view own = input.substr(0, head->head_length);
    require(own.ends_with(k_end) && own.find(k_end) == own.size() - k_end.size(), "the head ends at its empty line");
    check_request(*head, own, k_limits.fields);
    check_framing(*head);
    for (std::size_t length = 0; length < own.size(); length += 1 + own.size() / 16)
        require(std::holds_alternative<Incomplete>(parse_request_head(own.substr(0, length), k_limits)),
                "each part of a good head is incomplete");
    const std::string_view line = own.substr(0, own.find("\r\n"));
    const auto again = parse_request_head(written(*head, line.substr(line.rfind(' ') + 1)), Limits());
    require(std::holds_alternative<RequestHead>(again) && is_same(std::get<RequestHead>(again), *head),
            "written and parsed again it is the same");
    return 0;
}
