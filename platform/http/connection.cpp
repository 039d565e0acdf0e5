#include "platform/http/connection.h"

#include "platform/encoding.h"
#include "platform/log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

namespace keyfob::platform::http {
namespace {

constexpr std::size_t k_piece = 16 * 1024;
constexpr std::chrono::milliseconds k_linger{1'000};
constexpr std::size_t k_linger_bytes = 256 * 1024;
constexpr char k_tls_client_hello = 0x16;
constexpr const char* k_foreign_host = "the Host header is not this server's external_url";

SteadyTime after(std::chrono::milliseconds duration) {
    return std::chrono::steady_clock::now() + duration;
}

std::string http_date() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char text[40];
    return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts)};
}

/// WH-01: the one place of the headers that every answer carries; a handler may have set its own.
void add_security_headers(Headers& headers, bool tls) {
    static constexpr std::array<std::pair<const char*, const char*>, 6> k_defaults{{
        {"Cache-Control", "no-store"},
        {"X-Content-Type-Options", "nosniff"},
        {"Referrer-Policy", "no-referrer"},
        {"X-Frame-Options", "DENY"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Content-Security-Policy", "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    }};
    for (const auto& [name, value] : k_defaults)
        if (headers.find(name) == nullptr)
            headers.add(name, value);
    if (tls)
        headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
}

bool is_writable(const Headers& headers) {
    return std::all_of(headers.fields().begin(), headers.fields().end(), [](const Headers::Field& field) {
        return is_token(field.first) && is_header_value(field.second);
    });
}

std::size_t length_of_empty_lines(std::string_view text) {
    std::size_t length = 0;
    while (text.substr(length, 2) == "\r\n")
        length += 2;
    return length;
}

bool has_no_body(int status) {
    return status == 204 || status == 304 || status < 200;
}

std::string head_text(const Response& response, bool keep_alive) {
    std::string text =
        "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason_phrase(response.status)) + "\r\n";
    for (const auto& [name, value] : response.headers.fields())
        text += name + ": " + value + "\r\n";
    text += "Date: " + http_date() + "\r\n";
    if (!has_no_body(response.status))
        text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    return text + (keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

} // namespace

Response front_error(int status, const std::string& request_id, const std::string& description) {
    Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    if (status == 503)
        response.headers.set("Retry-After", "1");
    std::string code = lower_case(reason_phrase(status));
    std::replace(code.begin(), code.end(), ' ', '_');
    response.body = R"({"error":")" + code + R"(","error_description":")" + description + R"(","request_id":")" +
                    request_id + "\"}";
    return response;
}

Connection::Connection(Channel channel, std::string peer_address, std::uint16_t peer_port, bool tls,
                       const ServerOptions& options)
    : m_channel(std::move(channel)), m_options(options), m_peer_address(std::move(peer_address)),
      m_peer_port(peer_port), m_tls(tls) {}

bool Connection::fill(SteadyTime deadline) {
    std::array<char, k_piece> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    const auto count = m_channel.read(piece.data(), piece.size(), deadline);
    if (!count || *count == 0)
        return false;
    m_buffer.append(piece.data(), *count);
    return true;
}

std::variant<RequestHead, Refusal, std::monostate> Connection::read_head() {
    const SteadyTime deadline = after(m_tls ? m_options.limits.handshake_deadline : m_options.limits.head_deadline);
    while (true) {
        if (!m_tls && !m_buffer.empty() && m_buffer[0] == k_tls_client_hello) {
            log::info("tls_on_plain_port", {{"peer", m_peer_address}});
            return std::monostate{};
        }
        m_buffer.erase(0, length_of_empty_lines(m_buffer)); // RFC 9112 section 2.2: those before a request are ignored
        auto parsed = parse_request_head(m_buffer, m_options.limits);
        if (auto* head = std::get_if<RequestHead>(&parsed))
            return std::move(*head);
        if (auto* refusal = std::get_if<Refusal>(&parsed))
            return std::move(*refusal);
        if (fill(deadline))
            continue;
        if (m_buffer.empty() || std::chrono::steady_clock::now() < deadline)
            return std::monostate{}; // it has gone
        return Refusal{408, "the head did not arrive in time"};
    }
}

bool Connection::read_body(const RequestHead& head, std::string& body) {
    const SteadyTime deadline = after(m_options.limits.body_deadline);
    while (m_buffer.size() < head.content_length)
        if (!fill(deadline))
            return false;
    body = m_buffer.substr(0, head.content_length);
    m_buffer.erase(0, head.content_length);
    return true;
}

bool Connection::is_our_host(const Request& request) const {
    const std::string host = lower_case(*request.headers.find("Host"));
    const auto& hosts = m_options.hosts;
    return hosts.empty() || std::find(hosts.begin(), hosts.end(), host) != hosts.end();
}

Connection::Received Connection::refuse(const Request& request, int status, const std::string& reason) const {
    log::info("request_refused", {{"status", std::to_string(status)},
                                  {"reason", reason},
                                  {"peer", m_peer_address},
                                  {"request_id", request.request_id}});
    return {request, Pool::fast, front_error(status, request.request_id), false};
}

std::optional<Connection::Received> Connection::receive(Application& application) {
    auto outcome = read_head();
    if (std::holds_alternative<std::monostate>(outcome))
        return std::nullopt;
    Request identified;
    identified.request_id = m_options.request_id();
    if (const auto* refusal = std::get_if<Refusal>(&outcome))
        return refuse(identified, refusal->status, refusal->reason);
    auto& head = std::get<RequestHead>(outcome);
    m_buffer.erase(0, head.head_length);
    Request& request = head.request;
    request.request_id = identified.request_id;
    request.peer_address = m_peer_address;
    request.peer_port = m_peer_port;
    request.tls = m_tls;
    if (!is_our_host(request)) {
        Received refused = refuse(request, 421, "a foreign Host");
        refused.refusal =
            front_error(421, request.request_id, k_foreign_host); // a proxy's usual mistake, so it is told
        return refused;
    }
    if (const std::string* expect = request.headers.find("Expect"); expect != nullptr) {
        if (!equal_ignoring_case(*expect, "100-continue"))
            return refuse(request, 417, "an unknown expectation");
    }
    Application::Admission admission = application.admit(request);
    const bool body_unread = head.content_length > 0;
    if (admission.refusal)
        return Received{request, Pool::fast, std::move(admission.refusal), head.keep_alive && !body_unread};
    if (head.content_length > admission.body_bytes)
        return refuse(request, 413, "the body is too long");
    if (request.headers.find("Expect") != nullptr && body_unread &&
        !m_channel.write("HTTP/1.1 100 Continue\r\n\r\n", after(m_options.limits.write_deadline)))
        return std::nullopt;
    if (!read_body(head, request.body))
        return refuse(request, 408, "the body did not arrive");
    return Received{std::move(request), admission.pool, std::nullopt, head.keep_alive};
}

std::string Connection::octets_of(const Request& request, Response response, bool keep_alive) const {
    if (!is_writable(response.headers)) {
        log::error("response_header_refused", {{"path", request.path}, {"request_id", request.request_id}});
        response = front_error(500, request.request_id);
    }
    add_security_headers(response.headers, m_tls);
    std::string octets = head_text(response, keep_alive);
    if (request.method != "HEAD" && !has_no_body(response.status))
        octets += response.body;
    return octets;
}

bool Connection::respond(const Request& request, Response response, bool keep_alive) {
    const std::string octets = octets_of(request, std::move(response), keep_alive);
    return m_channel.write(octets, after(m_options.limits.write_deadline)).has_value() && keep_alive;
}

void Connection::refuse_now(int status) {
    if (!m_tls) // a handshake would have to be waited for
        m_channel.offer(octets_of({}, front_error(status, m_options.request_id()), false));
}

void Connection::close_gently() {
    m_channel.shutdown_write();
    const SteadyTime deadline = after(k_linger);
    std::array<char, k_piece> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): thrown away
    for (std::size_t total = 0; total < k_linger_bytes;) {
        const auto count = m_channel.read(piece.data(), piece.size(), deadline);
        if (!count || *count == 0)
            return;
        total += *count;
    }
}

} // namespace keyfob::platform::http
