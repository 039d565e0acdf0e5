#include "platform/http/response_writer.h"

#include "platform/encoding.h"
#include "platform/log.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

namespace keyfob::platform::http {
namespace {

constexpr std::size_t k_usual_head = 640; ///< octets, so that most are written into memory of the right size
constexpr const char* k_retry_after_seconds = "1";

struct DefaultField {
    std::string_view name;
    std::string_view line; ///< as it is sent
};

/// WH-01: the one place of the headers that every answer carries; a handler may have set its own.
constexpr std::array<DefaultField, 6> k_defaults{{
    {"Cache-Control", "Cache-Control: no-store\r\n"},
    {"X-Content-Type-Options", "X-Content-Type-Options: nosniff\r\n"},
    {"Referrer-Policy", "Referrer-Policy: no-referrer\r\n"},
    {"X-Frame-Options", "X-Frame-Options: DENY\r\n"},
    {"Cross-Origin-Opener-Policy", "Cross-Origin-Opener-Policy: same-origin\r\n"},
    {"Content-Security-Policy", "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; "
                                "frame-ancestors 'none'\r\n"},
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
    for (const DefaultField& field : k_defaults)
        if (response.headers.find(field.name) == nullptr)
            text.append(field.line);
    if (delivery.tls)
        append_field(text, k_strict_transport, "max-age=31536000; includeSubDomains");
    append_field(text, "Date", http_date());
    if (!has_no_body(response.status))
        append_field(text, "Content-Length", std::to_string(response.body.size()));
    return text.append(delivery.keep_alive ? "\r\n"
                                           : "Connection: close\r\n\r\n"); // it is kept unless somebody says so
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
