#include "platform/http/event_loop.h"

#include "platform/address_group.h"
#include "platform/http/response_writer.h"
#include "platform/log.h"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace keyfob::platform::http {
namespace {

constexpr std::chrono::milliseconds k_accept_pause{100};
constexpr int k_accepts_in_a_row = 16; ///< then it is the turn of those who are in already
constexpr std::size_t k_refused_at_once = 64;

SteadyTime now() {
    return std::chrono::steady_clock::now();
}

void log_request(const ServerOptions& options, const Request& request, int status, std::chrono::microseconds took) {
    if (!options.access_log)
        return;
    log::info("request", {{"method", request.method}, // never the query: it carries codes and states (S7)
                          {"path", request.path},
                          {"status", std::to_string(status)},
                          {"microseconds", std::to_string(took.count())},
                          {"peer", request.peer_address}});
}

Response run_handler(Application& application, const Request& request) {
    try {
        return application.handle(request);
    } catch (const std::exception& exception) {
        log::error("handler_failed", {{"path", request.path}, {"reason", exception.what()}});
    } catch (...) {
        log::error("handler_failed", {{"path", request.path}, {"reason", "an exception of an unknown kind"}});
    }
    return front_error(500, request.request_id);
}

Response handle(const Front& front, const Request& request, Pool pool) {
    const log::Context context(request.request_id);
    const SteadyTime begin = pool == Pool::loop ? SteadyTime{} : now(); // which is long for what takes microseconds
    Response response = run_handler(front.application, request);
    if (pool == Pool::loop && response.status >= 300)
        log_request(front.options, request, response.status, std::chrono::microseconds{0});
    if (pool != Pool::loop)
        log_request(front.options, request, response.status,
                    std::chrono::duration_cast<std::chrono::microseconds>(now() - begin));
    return response;
}

} // namespace

EventLoop::EventLoop(Front& front, Poller poller) : m_front(front), m_poller(std::move(poller)) {
    m_poller.add_shared(m_front.socket.impl()->sockfd(), this);
    m_thread = std::thread([this] { run(); });
}

EventLoop::~EventLoop() {
    begin_stop();
    join();
}

void EventLoop::begin_stop() {
    m_stopping = true;
    m_poller.wake();
}

void EventLoop::join() {
    if (m_thread.joinable())
        m_thread.join();
}

void EventLoop::run() {
    while (true) {
        if (m_stopping && !m_stop_begun)
            begin_ending();
        if (m_stop_begun && (m_connections.empty() || *m_stop_begun + m_front.options.limits.stop_deadline <= now()))
            return;
        for (void* const tag : m_poller.wait(time_to_wait())) {
            if (tag == this) {
                accept_some();
                continue;
            }
            wake_up(*static_cast<Driven*>(tag));
        }
        take_finished();
        take_turns();
        expire_due();
        if (m_accept_again && *m_accept_again <= now())
            go_on_accepting();
    }
}

/// Whatever goes wrong with one connection must not end the others. `first` is what is to be done before it goes on.
template <typename First> void EventLoop::drive(Driven& driven, First first) {
    try {
        first();
        go_on(driven);
    } catch (const std::exception& exception) {
        log::error("connection_failed", {{"peer", driven.connection.peer().address}, {"reason", exception.what()}});
        driven.connection.give_up();
    }
    settle(driven);
}

void EventLoop::wake_up(Driven& driven) {
    if (driven.connection.is_handling()) // its peer says the next thing, or has gone: that can wait
        return poll_for(driven, 0);
    drive(driven, [&] { driven.connection.now_readable(); });
}

std::chrono::milliseconds EventLoop::time_to_wait() const {
    if (!m_again.empty())
        return std::chrono::milliseconds{0};
    SteadyTime next = m_accept_again.value_or(SteadyTime::max());
    if (!m_deadlines.empty())
        next = std::min(next, m_deadlines.begin()->first);
    if (m_stop_begun)
        next = std::min(next, *m_stop_begun + m_front.options.limits.stop_deadline);
    if (next == SteadyTime::max())
        return std::chrono::milliseconds{-1};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now());
    return std::clamp(left, std::chrono::milliseconds{0}, std::chrono::milliseconds{std::chrono::hours{1}});
}

/// No descriptors are left: whoever waits to be accepted would wake us again at once, for ever.
void EventLoop::pause_accepting(const std::string& reason) {
    if (!m_starving)
        log::warning("accept_failed", {{"reason", reason}});
    m_starving = true;
    m_poller.remove(m_front.socket.impl()->sockfd());
    m_accept_again = now() + k_accept_pause;
}

void EventLoop::go_on_accepting() {
    m_accept_again.reset();
    m_poller.add_shared(m_front.socket.impl()->sockfd(), this);
}

void EventLoop::accept_some() {
    for (int count = 0; count < k_accepts_in_a_row || m_stop_begun; ++count) {
        sockaddr_storage peer{};
        socklen_t length = sizeof peer;
        auto* const address = reinterpret_cast<sockaddr*>(&peer);
        UniqueFd socket(::accept4(m_front.socket.impl()->sockfd(), address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket && (errno == EINTR || errno == ECONNABORTED)) // that one has gone before its turn
            continue;
        if (!socket) {
            if (errno != EAGAIN && !m_stop_begun)
                pause_accepting(std::generic_category().message(errno));
            return;
        }
        accept_one(std::move(socket), Poco::Net::SocketAddress(address, length));
        m_starving = false;
    }
}

int EventLoop::admission(const Poco::Net::SocketAddress& peer, const std::string& group) {
    const ServerOptions& options = m_front.options;
    int status = 403;
    const char* reason = "not admitted";
    if (!options.admit_peer || options.admit_peer(peer.host().toString(), peer.port(), m_front.port)) {
        const auto answer = m_front.counts.enter(group);
        if (answer == ConnectionCounts::Answer::admitted)
            return 0;
        status = 503;
        reason = answer == ConnectionCounts::Answer::too_many ? "too many connections"
                                                              : "too many connections of one address";
    }
    log::info("connection_refused", {{"peer", peer.toString()}, {"reason", reason}});
    return status;
}

/// Who is refused is told so, as long as there are not many of them: what is said must not cost what it is to save.
void EventLoop::accept_one(UniqueFd socket, const Poco::Net::SocketAddress& peer) {
    const ServerOptions& options = m_front.options;
    const std::string address = peer.host().toString();
    const bool is_proxy = options.is_proxy && options.is_proxy(address);
    const std::string group = is_proxy ? std::string() : address_group(address);
    const int refusal = admission(peer, group);
    if (refusal != 0 && m_refused >= k_refused_at_once)
        return;
    try {
        const int on = 1;
        ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        Channel channel = options.tls ? Channel(std::move(socket), *options.tls) : Channel(std::move(socket));
        Connection connection(std::move(channel), {address, peer.port(), options.tls != nullptr}, options);
        begin(std::make_unique<Driven>(std::move(connection), group, refusal == 0), refusal);
    } catch (const std::exception& exception) { // no memory for TLS: it was counted, and never came to be
        log::error("connection_failed", {{"peer", address}, {"reason", exception.what()}});
        if (refusal == 0)
            m_front.counts.leave(group);
    }
}

void EventLoop::begin(std::unique_ptr<Driven> driven, int refusal) {
    Driven& own = *driven;
    m_connections.emplace(&own, std::move(driven));
    if (refusal == 0)
        return drive(own, [] {});
    ++m_refused;
    drive(own, [&] { own.connection.refuse(refusal); });
}

/// Until the connection waits for its peer or for a handler, or it is the turn of others.
void EventLoop::go_on(Driven& driven) {
    Connection::Received received;
    for (std::size_t turn = 0; turn < m_front.options.limits.requests_in_a_row; ++turn)
        if (!driven.connection.advance(m_front.application, received) || !dispatch(driven, received))
            return;
    if (!driven.is_waiting_again)
        m_again.push_back(&driven);
    driven.is_waiting_again = true;
}

/// True: the response is on its way already.
bool EventLoop::dispatch(Driven& driven, Connection::Received& received) {
    if (received.refusal) {
        refuse(driven, received);
        return true;
    }
    if (received.pool == Pool::loop) {
        respond(driven, received.request, handle(m_front, received.request, Pool::loop), received.keep_alive);
        return true;
    }
    if (submit(received.pool == Pool::fast ? m_front.fast : m_front.upstream, driven, received))
        return false;
    received.refusal = front_error(503, received.request.request_id);
    refuse(driven, received);
    return true;
}

void EventLoop::refuse(Driven& driven, const Connection::Received& refused) {
    const log::Context context(refused.request.request_id);
    if (!refused.request.method.empty()) // otherwise there was no request, and the reason has been logged
        log_request(m_front.options, refused.request, refused.refusal->status, std::chrono::microseconds{0});
    respond(driven, refused.request, *refused.refusal, refused.keep_alive);
}

void EventLoop::respond(Driven& driven, const Request& request, const Response& response, bool keep_alive) {
    driven.connection.respond(request, response, keep_alive && !m_stopping);
}

/// False: that pool has too much to do, and the request is still there.
bool EventLoop::submit(ThreadPool& pool, Driven& driven, Connection::Received& received) {
    const auto request = std::make_shared<Request>(std::move(received.request)); // a task can be copied
    const bool taken = pool.try_submit([this, &driven, request, pool = received.pool, keep = received.keep_alive] {
        Response response = handle(m_front, *request, pool);
        {
            const std::lock_guard lock(m_mailbox_mutex);
            m_mailbox.push_back({&driven, std::move(*request), std::move(response), keep});
        }
        m_poller.wake();
    });
    if (!taken)
        received.request = std::move(*request);
    return taken;
}

void EventLoop::take_finished() {
    std::vector<Finished> finished;
    {
        const std::lock_guard lock(m_mailbox_mutex);
        finished.swap(m_mailbox);
    }
    for (const Finished& one : finished)
        drive(*one.driven, [&] { respond(*one.driven, one.request, one.response, one.keep_alive); });
}

void EventLoop::take_turns() {
    std::vector<Driven*> again;
    again.swap(m_again);
    for (Driven* driven : again) {
        driven->is_waiting_again = false;
        drive(*driven, [] {});
    }
}

/// What the connection waits for now.
void EventLoop::settle(Driven& driven) {
    const Connection& connection = driven.connection;
    if (connection.is_over() && !driven.is_waiting_again)
        return drop(driven);
    SteadyTime deadline = connection.deadline();
    if (m_stop_begun && (connection.is_idle() || connection.is_lingering()))
        deadline = std::min(deadline, *m_stop_begun + m_front.options.limits.stop_grace);
    set_due(driven, deadline);
    if (!connection.is_handling())
        poll_for(driven, connection.events());
}

void EventLoop::poll_for(Driven& driven, short events) {
    const int descriptor = driven.connection.descriptor();
    if (driven.polled == events)
        return;
    if (events == 0)
        m_poller.remove(descriptor);
    else if (driven.polled == 0)
        m_poller.add(descriptor, events, &driven);
    else
        m_poller.change(descriptor, events, &driven);
    driven.polled = events;
}

/// Most deadlines only move away, again and again. An entry in the queue that is too early costs one look when it is due, and less than to move it
/// each time.
void EventLoop::set_due(Driven& driven, SteadyTime deadline) {
    driven.deadline = deadline;
    if (driven.due && (*driven.due)->first <= deadline)
        return;
    if (driven.due)
        m_deadlines.erase(*driven.due);
    driven.due = deadline == SteadyTime::max() ? std::nullopt : std::optional(m_deadlines.emplace(deadline, &driven));
}

void EventLoop::expire_due() {
    const SteadyTime time = now();
    while (!m_deadlines.empty() && m_deadlines.begin()->first <= time) {
        Driven& driven = *m_deadlines.begin()->second;
        m_deadlines.erase(m_deadlines.begin());
        driven.due.reset();
        if (driven.deadline > time) {
            set_due(driven, driven.deadline);
            continue;
        }
        drive(driven, [&] {
            Connection::Received refused;
            if (driven.connection.expire(refused))
                refuse(driven, refused);
        });
    }
}

void EventLoop::drop(Driven& driven) {
    if (driven.due)
        m_deadlines.erase(*driven.due);
    if (driven.polled != 0)
        m_poller.remove(driven.connection.descriptor());
    if (driven.is_counted)
        m_front.counts.leave(driven.address_group);
    else
        --m_refused;
    m_connections.erase(&driven);
}

/// Who has connected already is served; the last loop to come here closes the socket.
void EventLoop::begin_ending() {
    m_stop_begun = now();
    if (!m_accept_again)
        m_poller.remove(m_front.socket.impl()->sockfd());
    m_accept_again.reset();
    accept_some();
    if (--m_front.accepting == 0)
        m_front.socket.close();
    std::vector<Driven*> all;
    for (const auto& [driven, owner] : m_connections)
        all.push_back(driven);
    for (Driven* driven : all)
        settle(*driven);
}

} // namespace keyfob::platform::http
