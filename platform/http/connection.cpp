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
        std::string().swap(buffer); // an assignment would keep the capacity
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
    if (!attempt && attempt.error().code == Channel::k_plain_http) {
        answer_plain_http();
        return false;
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

/// On the port of TLS. Nothing secret is in the answer, and whatever the client sent is not looked at.
void Connection::answer_plain_http() {
    const std::string id = m_options.request_id();
    log::info("plain_http_on_tls_port", {{"peer", m_peer.address}, {"request_id", id}});
    m_channel.leave_tls();
    m_handshaking = false;
    send(response_octets({}, front_error(400, id, "this port speaks https"), {false, false}), Phase::lingering);
}

bool Connection::advance(Application& application, Received& received) {
    if (m_phase == Phase::writing && !flush())
        return false;
    if (m_phase == Phase::lingering)
        discard();
    while (m_phase == Phase::head || m_phase == Phase::body) {
        if (next_request(application, received))
            return true;
        if ((m_phase == Phase::head || m_phase == Phase::body) && !fill())
            break;
    }
    return false;
}

bool Connection::next_request(Application& application, Received& received) {
    if (m_phase == Phase::head && take_head(application, received))
        return true;
    return m_phase == Phase::body && take_body(received);
}

bool Connection::take_head(Application& application, Received& received) {
    m_input.erase(0, length_of_empty_lines(m_input)); // RFC 9112 section 2.2: those before a request are ignored
    if (m_input.empty())
        return false;
    if (!m_peer.tls && m_input[0] == k_tls_client_hello) {
        log::info("tls_on_plain_port", {{"peer", m_peer.address}});
        m_phase = Phase::over;
        return false;
    }
    auto parsed = parse_request_head(m_input, m_options.limits);
    if (std::holds_alternative<Incomplete>(parsed))
        return false;
    received = {};
    received.request.request_id = m_options.request_id();
    if (const auto* refusal = std::get_if<Refusal>(&parsed))
        return refuse_request(received, refusal->status, refusal->reason);
    auto& head = std::get<RequestHead>(parsed);
    head.request.request_id = std::move(received.request.request_id);
    received.request = std::move(head.request);
    received.keep_alive = head.keep_alive;
    m_input.erase(0, head.head_length);
    return examine(head.content_length, application, received);
}

bool Connection::is_our_host(const Request& request) const {
    const auto& hosts = m_options.hosts;
    if (hosts.empty())
        return true;
    const std::string& host = *request.headers.find("Host");
    return std::any_of(hosts.begin(), hosts.end(),
                       [&](const std::string& own) { return equal_ignoring_case(own, host); });
}

bool Connection::give() {
    begin(Phase::handling);
    return true;
}

/// The reason is logged; only what is `told` is the peer told as well.
bool Connection::refuse_request(Received& received, int status, const std::string& reason, const std::string& told) {
    const std::string& id = received.request.request_id;
    log::info("request_refused",
              {{"status", std::to_string(status)}, {"reason", reason}, {"peer", m_peer.address}, {"request_id", id}});
    received.refusal = front_error(status, id, told);
    received.keep_alive = false;
    return give();
}

bool Connection::examine(std::size_t content_length, Application& application, Received& received) {
    Request& request = received.request;
    request.peer_address = m_peer.address;
    request.peer_port = m_peer.port;
    request.tls = m_peer.tls;
    if (!is_our_host(request)) // a proxy's usual mistake, so it is told
        return refuse_request(received, 421, "a foreign Host", k_foreign_host);
    const std::string* expect = request.headers.find("Expect");
    if (expect != nullptr && !equal_ignoring_case(*expect, "100-continue"))
        return refuse_request(received, 417, "an unknown expectation");
    Application::Admission admission = ask(application, request);
    received.pool = admission.pool;
    received.refusal = std::move(admission.refusal);
    if (received.refusal)
        received.keep_alive = received.keep_alive && content_length == 0; // of a body nothing has been read
    if (content_length == 0 || received.refusal)
        return give();
    return await_body(content_length, admission.body_bytes.value_or(m_options.limits.body_bytes), received);
}

bool Connection::await_body(std::size_t length, std::size_t most, Received& received) {
    if (length > most)
        return refuse_request(received, 413, "the body is too long");
    const bool is_asked_to_go_on = received.request.headers.find("Expect") != nullptr;
    m_incoming = std::make_unique<Incoming>(Incoming{std::move(received), length});
    if (is_asked_to_go_on)
        send("HTTP/1.1 100 Continue\r\n\r\n", Phase::body);
    else
        begin(Phase::body);
    return false;
}

bool Connection::take_body(Received& received) {
    if (m_input.size() < m_incoming->length)
        return false;
    const std::unique_ptr<Incoming> incoming = std::move(m_incoming);
    received = std::move(incoming->received);
    received.request.body = m_input.substr(0, incoming->length);
    m_input.erase(0, incoming->length);
    return give();
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

bool Connection::expire(Received& received) {
    if (m_phase == Phase::body) {
        received = std::move(m_incoming->received);
        return refuse_request(received, 408, "the body did not arrive");
    }
    if (m_phase == Phase::head && !m_input.empty()) {
        received = {};
        received.request.request_id = m_options.request_id();
        return refuse_request(received, 408, "the head did not arrive in time");
    }
    if (m_phase == Phase::writing)
        m_channel.give_up_writes();
    m_phase = Phase::over;
    return false;
}

} // namespace keyfob::platform::http
