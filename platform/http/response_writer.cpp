#include "platform/http/response_writer.h"

#include "platform/encoding.h"
#include "platform/log.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>
#include <utility>

namespace keyfob::platform::http {
namespace {

constexpr std::size_t k_usual_head = 640; ///< octets, so that most are written into memory of the right size
constexpr const char* k_retry_after_seconds = "1";

/// WH-01: the one place of the headers that every answer carries; a handler may have set its own.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> k_defaults{{
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
}};
constexpr std::string_view k_strict_transport = "Strict-Transport-Security";

void append_field(std::string& text, std::string_view name, std::string_view value) {
    text.append(name).append(": ").append(value).append("\r\n");
}

/// Made once a second in each thread.
const std::string& http_date() {
    thread_local std::time_t second = -1;
    thread_local std::string text;
    if (const std::time_t now = std::time(nullptr); now != second) {
        std::tm parts{};
        ::gmtime_r(&now, &parts);
        char buffer[40];
        text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &parts));
        second = now;
    }
    return text;
}

bool is_writable(const Headers& headers) {
    return std::all_of(headers.fields().begin(), headers.fields().end(), [](const Headers::Field& field) {
        return is_token(field.first) && is_header_value(field.second);
    });
}

bool has_no_body(int status) {
    return status == 204 || status == 304 || status < 200;
}

std::string head_text(const Response& response, Delivery delivery) {
    std::string text;
    text.reserve(k_usual_head + response.body.size());
    text.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ");
    text.append(reason_phrase(response.status)).append("\r\n");
    for (const auto& [name, value] : response.headers.fields())
        if (!delivery.tls || !equal_ignoring_case(name, k_strict_transport))
            append_field(text, name, value);
    for (const auto& [name, value] : k_defaults)
        if (response.headers.find(name) == nullptr)
            append_field(text, name, value);
    if (delivery.tls)
        append_field(text, k_strict_transport, "max-age=31536000; includeSubDomains");
    append_field(text, "Date", http_date());
    if (!has_no_body(response.status))
        append_field(text, "Content-Length", std::to_string(response.body.size()));
    return text.append(delivery.keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

} // namespace

std::string response_octets(const Request& request, const Response& response, Delivery delivery) {
    if (!is_writable(response.headers)) {
        log::error("response_header_refused", {{"path", request.path}, {"request_id", request.request_id}});
        return response_octets(request, front_error(500, request.request_id), delivery);
    }
    std::string octets = head_text(response, delivery);
    if (request.method != "HEAD" && !has_no_body(response.status))
        octets += response.body;
    return octets;
}

Response front_error(int status, const std::string& request_id, const std::string& description) {
    Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    if (status == 503)
        response.headers.set("Retry-After", k_retry_after_seconds);
    std::string code = lower_case(reason_phrase(status));
    std::replace(code.begin(), code.end(), ' ', '_');
    response.body = R"({"error":")" + code + R"(","error_description":")" + description + R"(","request_id":")" +
                    request_id + "\"}";
    return response;
}

} // namespace keyfob::platform::http
