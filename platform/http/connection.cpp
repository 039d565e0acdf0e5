#include "platform/http/connection.h"

#include "platform/encoding.h"
#include "platform/http/response_writer.h"
#include "platform/log.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <poll.h>

namespace keyfob::platform::http {
namespace {

constexpr std::size_t k_piece = 16 * 1024;
constexpr std::size_t k_kept_capacity = 2 * 1024; ///< octets of a buffer that an idle connection may keep
constexpr char k_tls_client_hello = 0x16;
constexpr const char* k_foreign_host = "the Host header is not this server's external_url";

using Piece = std::array<char, k_piece>;

std::size_t length_of_empty_lines(std::string_view text) {
    std::size_t length = 0;
    while (text.substr(length, 2) == "\r\n")
        length += 2;
    return length;
}

void clear(std::string& buffer) {
    if (buffer.capacity() > k_kept_capacity)
        buffer = {};
    else
        buffer.clear();
}

/// Never throws: what fails in the application is answered.
Application::Admission ask(Application& application, const Request& head) {
    try {
        return application.admit(head);
    } catch (const std::exception& exception) {
        log::error("handler_failed",
                   {{"path", head.path}, {"reason", exception.what()}, {"request_id", head.request_id}});
        Application::Admission admission;
        admission.refusal = front_error(500, head.request_id);
        return admission;
    }
}

} // namespace

Connection::Connection(Channel channel, Peer peer, const ServerOptions& options)
    : m_channel(std::move(channel)), m_options(options), m_peer(std::move(peer)), m_lacking(POLLIN),
      m_handshaking(m_peer.tls) {
    set_deadline(m_handshaking ? m_options.limits.handshake_deadline : m_options.limits.idle);
}

void Connection::set_deadline(std::chrono::milliseconds from_now) {
    m_deadline = std::chrono::steady_clock::now() + from_now;
}

void Connection::begin(Phase phase) {
    m_phase = phase;
    m_lacking = POLLIN;
    if (phase == Phase::head) {
        m_head_begun = !m_input.empty();
        set_deadline(m_head_begun ? m_options.limits.head_deadline : m_options.limits.idle);
    }
    if (phase == Phase::body)
        set_deadline(m_options.limits.body_deadline);
    if (phase == Phase::handling)
        m_deadline = SteadyTime::max();
    if (phase == Phase::lingering) {
        m_channel.shutdown_write();
        clear(m_input);
        set_deadline(m_options.limits.linger);
    }
}

/// False: nothing more is there now, or ever; is_over() tells which.
bool Connection::fill() {
    if (m_drained)
        return false;
    Piece piece; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    const auto attempt = m_channel.read_once(piece.data(), piece.size());
    if (m_handshaking && m_channel.is_established()) {
        m_handshaking = false;
        set_deadline(m_options.limits.idle);
    }
    if (!attempt || (attempt->lacking == 0 && attempt->moved == 0)) {
        m_phase = Phase::over;
        return false;
    }
    m_drained = attempt->moved < piece.size() && !m_channel.has_pending();
    if (attempt->lacking != 0) {
        m_lacking = attempt->lacking;
        return false;
    }
    m_lacking = POLLIN;
    if (m_phase == Phase::head && !std::exchange(m_head_begun, true))
        set_deadline(m_options.limits.head_deadline);
    m_input.append(piece.data(), attempt->moved);
    return true;
}

std::optional<Connection::Received> Connection::advance(Application& application) {
    if (m_phase == Phase::writing && !flush())
        return std::nullopt;
    if (m_phase == Phase::lingering)
        discard();
    while (m_phase == Phase::head || m_phase == Phase::body) {
        if (auto received = next_request(application))
            return received;
        if ((m_phase == Phase::head || m_phase == Phase::body) && !fill())
            break;
    }
    return std::nullopt;
}

std::optional<Connection::Received> Connection::next_request(Application& application) {
    if (m_phase == Phase::head) {
        auto received = take_head(application);
        if (received || m_phase != Phase::body)
            return received;
    }
    return take_body();
}

std::optional<Connection::Received> Connection::take_head(Application& application) {
    m_input.erase(0, length_of_empty_lines(m_input)); // RFC 9112 section 2.2: those before a request are ignored
    if (m_input.empty())
        return std::nullopt;
    if (!m_peer.tls && m_input[0] == k_tls_client_hello) {
        log::info("tls_on_plain_port", {{"peer", m_peer.address}});
        m_phase = Phase::over;
        return std::nullopt;
    }
    auto parsed = parse_request_head(m_input, m_options.limits);
    if (std::holds_alternative<Incomplete>(parsed))
        return std::nullopt;
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) {
        Request nameless;
        nameless.request_id = m_options.request_id();
        return refusal_of(nameless, refusal->status, refusal->reason);
    }
    return examine(std::move(std::get<RequestHead>(parsed)), application);
}

bool Connection::is_our_host(const Request& request) const {
    const auto& hosts = m_options.hosts;
    if (hosts.empty())
        return true;
    const std::string& host = *request.headers.find("Host");
    return std::any_of(hosts.begin(), hosts.end(),
                       [&](const std::string& own) { return equal_ignoring_case(own, host); });
}

Connection::Received Connection::give(Received received) {
    begin(Phase::handling);
    return received;
}

Connection::Received Connection::refusal_of(const Request& request, int status, const std::string& reason) {
    log::info("request_refused", {{"status", std::to_string(status)},
                                  {"reason", reason},
                                  {"peer", m_peer.address},
                                  {"request_id", request.request_id}});
    return give({request, Pool::fast, front_error(status, request.request_id), false});
}

std::optional<Connection::Received> Connection::examine(RequestHead head, Application& application) {
    m_input.erase(0, head.head_length);
    Request& request = head.request;
    request.request_id = m_options.request_id();
    request.peer_address = m_peer.address;
    request.peer_port = m_peer.port;
    request.tls = m_peer.tls;
    if (!is_our_host(request)) {
        Received refused = refusal_of(request, 421, "a foreign Host");
        refused.refusal =
            front_error(421, request.request_id, k_foreign_host); // a proxy's usual mistake, so it is told
        return refused;
    }
    const std::string* expect = request.headers.find("Expect");
    if (expect != nullptr && !equal_ignoring_case(*expect, "100-continue"))
        return refusal_of(request, 417, "an unknown expectation");
    Application::Admission admission = ask(application, request);
    const bool body_unread = head.content_length > 0;
    if (admission.refusal)
        return give({std::move(request), Pool::fast, std::move(admission.refusal), head.keep_alive && !body_unread});
    if (body_unread)
        return await_body(std::move(head), admission);
    return give({std::move(request), admission.pool, std::nullopt, head.keep_alive});
}

std::optional<Connection::Received> Connection::await_body(RequestHead head, const Application::Admission& admission) {
    if (head.content_length > admission.body_bytes.value_or(m_options.limits.body_bytes))
        return refusal_of(head.request, 413, "the body is too long");
    const bool is_asked_to_go_on = head.request.headers.find("Expect") != nullptr;
    m_incoming = std::make_unique<Incoming>();
    m_incoming->length = head.content_length;
    m_incoming->received = {std::move(head.request), admission.pool, std::nullopt, head.keep_alive};
    if (is_asked_to_go_on)
        send("HTTP/1.1 100 Continue\r\n\r\n", Phase::body);
    else
        begin(Phase::body);
    return std::nullopt;
}

std::optional<Connection::Received> Connection::take_body() {
    if (m_phase != Phase::body || m_input.size() < m_incoming->length)
        return std::nullopt;
    const std::unique_ptr<Incoming> incoming = std::move(m_incoming);
    incoming->received.request.body = m_input.substr(0, incoming->length);
    m_input.erase(0, incoming->length);
    return give(std::move(incoming->received));
}

void Connection::send(std::string octets, Phase next) {
    m_output = std::move(octets);
    m_written = 0;
    m_after_writing = next;
    m_phase = Phase::writing;
    set_deadline(m_options.limits.write_deadline);
    flush();
}

/// True: all is written, and the next phase has begun.
bool Connection::flush() {
    while (m_written < m_output.size()) {
        const auto attempt = m_channel.write_once(std::string_view(m_output).substr(m_written));
        if (!attempt) {
            m_phase = Phase::over;
            return false;
        }
        m_lacking = attempt->lacking;
        if (attempt->lacking != 0)
            return false;
        m_written += attempt->moved;
    }
    clear(m_output);
    begin(m_after_writing);
    return true;
}

void Connection::respond(const Request& request, const Response& response, bool keep_alive) {
    if (m_input.empty())
        clear(m_input);
    send(response_octets(request, response, {m_peer.tls, keep_alive}), keep_alive ? Phase::head : Phase::lingering);
}

void Connection::refuse(int status) {
    respond({}, front_error(status, m_options.request_id()), false);
}

void Connection::give_up() {
    m_phase = Phase::over;
}

void Connection::discard() {
    Piece piece; // NOLINT(cppcoreguidelines-pro-type-member-init): thrown away
    while (m_discarded < m_options.limits.linger_bytes) {
        const auto attempt = m_channel.read_once(piece.data(), piece.size());
        if (attempt && attempt->lacking != 0) {
            m_lacking = attempt->lacking;
            return;
        }
        if (!attempt || attempt->moved == 0)
            break;
        m_discarded += attempt->moved;
    }
    m_phase = Phase::over;
}

std::optional<Connection::Received> Connection::expire() {
    if (m_phase == Phase::body)
        return refusal_of(m_incoming->received.request, 408, "the body did not arrive");
    if (m_phase == Phase::head && !m_input.empty()) {
        Request nameless;
        nameless.request_id = m_options.request_id();
        return refusal_of(nameless, 408, "the head did not arrive in time");
    }
    if (m_phase == Phase::writing)
        m_channel.give_up_writes();
    m_phase = Phase::over;
    return std::nullopt;
}

} // namespace keyfob::platform::http
