#include "platform/http/server.h"

#include "platform/encoding.h"
#include "platform/http/connection.h"
#include "platform/http/poller.h"
#include "platform/log.h"
#include "platform/thread_pool.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include <sys/resource.h>

namespace keyfob::platform::http {
namespace {

constexpr int k_backlog = 512;
constexpr std::chrono::milliseconds k_accept_pause{100};
constexpr std::size_t k_own_descriptors = 128; ///< for the database, outgoing connections, the log

/// Counts the requests that run, so that stop() can wait for them.
class Running {
public:
    void enter() {
        const std::lock_guard lock(m_mutex);
        ++m_count;
    }
    void leave() {
        const std::lock_guard lock(m_mutex);
        if (--m_count == 0)
            m_none.notify_all();
    }
    void wait_for_none(std::chrono::milliseconds longest) {
        std::unique_lock lock(m_mutex);
        m_none.wait_for(lock, longest, [this] { return m_count == 0; });
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_none;
    int m_count = 0;
};

/// Descriptors that are not there cannot be promised to connections.
std::size_t affordable(std::size_t connections) {
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0 || descriptors.rlim_cur == RLIM_INFINITY)
        return connections;
    const std::size_t all = descriptors.rlim_cur;
    return std::min(connections, all > 2 * k_own_descriptors ? all - k_own_descriptors : all / 2);
}

class ServerImpl final : public Server {
public:
    ServerImpl(ServerOptions options, Application& application, Poco::Net::ServerSocket socket, Poller poller)
        : m_options(std::move(options)), m_application(application), m_socket(std::move(socket)),
          m_poller(std::move(poller)), m_port(m_socket.address().port()),
          m_fast(m_options.limits.fast_threads, m_options.limits.queue),
          m_upstream(m_options.limits.upstream_threads, m_options.limits.queue) {
        m_socket.setBlocking(false);
        m_poller.add(m_socket.impl()->sockfd());
        m_thread = std::thread([this] { run(); });
    }
    ~ServerImpl() override { stop(); }

    [[nodiscard]] std::uint16_t port() const override { return m_port; }

    void stop() override {
        if (m_stopping.exchange(true))
            return;
        m_poller.wake();
        m_thread.join();
        m_running.wait_for_none(m_options.limits.stop_deadline);
        m_fast.stop();
        m_upstream.stop();
        m_parked.clear();
        m_returned.clear();
    }

private:
    using ConnectionPtr = std::shared_ptr<Connection>;
    struct Parked {
        ConnectionPtr connection;
        SteadyTime deadline;
    };
    /// A connection that is being served, however that ends; stop() waits for all of them.
    class Turn {
    public:
        explicit Turn(ServerImpl& server) : m_server(server) {
            ++m_server.m_active;
            m_server.m_running.enter();
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            --m_server.m_active;
            m_server.m_running.leave();
        }

    private:
        ServerImpl& m_server;
    };
    using TurnPtr = std::shared_ptr<Turn>;

    void run() {
        while (!m_stopping) {
            for (const int descriptor : m_poller.wait(time_to_next_deadline())) {
                if (descriptor == m_socket.impl()->sockfd())
                    accept_all();
                else
                    wake_up(descriptor);
            }
            take_returned();
            drop_idle();
            if (m_accept_again && *m_accept_again <= std::chrono::steady_clock::now())
                go_on_accepting();
        }
        m_socket.close();
    }

    std::chrono::milliseconds time_to_next_deadline() const {
        std::optional<SteadyTime> next = m_accept_again;
        for (const auto& [descriptor, parked] : m_parked)
            next = std::min(next.value_or(parked.deadline), parked.deadline);
        if (!next)
            return std::chrono::milliseconds{-1};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - std::chrono::steady_clock::now());
        return std::max(left, std::chrono::milliseconds{0});
    }

    /// No descriptors are left: whoever waits to be accepted would wake us again at once, for ever.
    void pause_accepting(const std::string& reason) {
        if (!m_starving)
            log::warning("accept_failed", {{"reason", reason}});
        m_starving = true;
        m_poller.remove(m_socket.impl()->sockfd());
        m_accept_again = std::chrono::steady_clock::now() + k_accept_pause;
    }

    void go_on_accepting() {
        m_accept_again.reset();
        m_poller.add(m_socket.impl()->sockfd());
    }

    void accept_all() {
        try {
            while (true) {
                Poco::Net::SocketAddress peer;
                accept_one(m_socket.acceptConnection(peer), peer);
                m_starving = false;
            }
        } catch (const Poco::TimeoutException&) {
            // nobody waits any more: Poco says so for EAGAIN
        } catch (const Poco::Exception& exception) {
            if (exception.code() != EAGAIN && exception.code() != EWOULDBLOCK)
                pause_accepting(exception.displayText());
        }
    }

    void accept_one(Poco::Net::StreamSocket socket, const Poco::Net::SocketAddress& peer) {
        const bool tls = m_options.tls != nullptr;
        socket.setNoDelay(true);
        Channel channel = tls ? Channel(std::move(socket), *m_options.tls) : Channel(std::move(socket));
        auto connection =
            std::make_shared<Connection>(std::move(channel), peer.host().toString(), peer.port(), tls, m_options);
        const bool admitted =
            !m_options.admit_peer || m_options.admit_peer(peer.host().toString(), peer.port(), m_port);
        if (!admitted || m_parked.size() + m_active >= m_options.limits.connections) {
            log::info("connection_refused",
                      {{"peer", peer.toString()}, {"reason", admitted ? "too many connections" : "not admitted"}});
            return connection->refuse_now(admitted ? 503 : 403);
        }
        park(std::move(connection));
    }

    /// Poller thread only.
    void park(ConnectionPtr connection) {
        const int descriptor = connection->descriptor();
        m_parked[descriptor] = {std::move(connection), std::chrono::steady_clock::now() + m_options.limits.idle};
        m_poller.add(descriptor);
    }

    void wake_up(int descriptor) {
        const auto found = m_parked.find(descriptor);
        if (found == m_parked.end())
            return;
        m_poller.remove(descriptor);
        ConnectionPtr connection = std::move(found->second.connection);
        m_parked.erase(found);
        if (!m_fast.try_submit([this, connection, turn = std::make_shared<Turn>(*this)] { serve(connection, turn); }))
            connection->refuse_now(503);
    }

    void take_returned() {
        std::vector<ConnectionPtr> returned;
        {
            const std::lock_guard lock(m_returned_mutex);
            returned.swap(m_returned);
        }
        for (ConnectionPtr& connection : returned)
            park(std::move(connection));
    }

    void drop_idle() {
        const SteadyTime now = std::chrono::steady_clock::now();
        std::erase_if(m_parked, [&](const auto& entry) {
            if (entry.second.deadline > now)
                return false;
            m_poller.remove(entry.first);
            return true;
        });
    }

    /// Reads requests until one belongs to the other pool, or no more octets wait, or it is the turn of others.
    void serve(const ConnectionPtr& connection, const TurnPtr& turn) {
        for (std::size_t count = 0; count < m_options.limits.requests_in_a_row; ++count) {
            auto received = connection->receive(m_application);
            if (!received)
                return;
            if (!received->refusal && received->pool == Pool::upstream) {
                if (serve_upstream(connection, turn, *received))
                    return;
                received->refusal = front_error(503, received->request.request_id);
            }
            const bool useful = received->refusal ? refuse(*connection, *received)
                                                  : answer(*connection, received->request, received->keep_alive);
            if (!useful)
                return connection->close_gently();
            if (!connection->has_buffered())
                break;
        }
        give_back(connection, turn);
    }

    /// False: that pool has too much to do.
    bool serve_upstream(const ConnectionPtr& connection, const TurnPtr& turn, const Connection::Received& received) {
        return m_upstream.try_submit([this, connection, turn, request = received.request, keep = received.keep_alive] {
            if (answer(*connection, request, keep))
                give_back(connection, turn);
            else
                connection->close_gently();
        });
    }

    bool refuse(Connection& connection, Connection::Received& received) {
        const log::Context context(received.request.request_id);
        if (!received.request.method.empty()) // otherwise there was no request, and the reason has been logged
            log_request(received.request, received.refusal->status, std::chrono::microseconds{0});
        return connection.respond(received.request, std::move(*received.refusal), received.keep_alive);
    }

    bool answer(Connection& connection, const Request& request, bool keep_alive) {
        const log::Context context(request.request_id);
        const auto begin = std::chrono::steady_clock::now();
        Response response;
        try {
            response = m_application.handle(request);
        } catch (const std::exception& exception) {
            log::error("handler_failed", {{"path", request.path}, {"reason", exception.what()}});
            response = front_error(500, request.request_id);
        } catch (...) {
            log::error("handler_failed", {{"path", request.path}, {"reason", "an exception of an unknown kind"}});
            response = front_error(500, request.request_id);
        }
        log_request(request, response.status,
                    std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begin));
        return connection.respond(request, std::move(response), keep_alive && !m_stopping);
    }

    void log_request(const Request& request, int status, std::chrono::microseconds took) const {
        if (!m_options.access_log)
            return;
        log::info("request", {{"method", request.method}, // never the query: it carries codes and states (S7)
                              {"path", request.path},
                              {"status", std::to_string(status)},
                              {"microseconds", std::to_string(took.count())},
                              {"peer", request.peer_address}});
    }

    void give_back(const ConnectionPtr& connection, const TurnPtr& turn) {
        if (connection->has_buffered()) { // no poll would tell
            if (!m_fast.try_submit([this, connection, turn] { serve(connection, turn); }))
                connection->refuse_now(503);
            return;
        }
        {
            const std::lock_guard lock(m_returned_mutex);
            m_returned.push_back(connection);
        }
        m_poller.wake();
    }

    const ServerOptions m_options;
    Application& m_application;
    Poco::Net::ServerSocket m_socket;
    Poller m_poller;
    const std::uint16_t m_port;
    std::map<int, Parked> m_parked;           ///< poller thread only, like the next two
    std::optional<SteadyTime> m_accept_again; ///< set while nobody is accepted
    bool m_starving = false;                  ///< that was logged
    std::mutex m_returned_mutex;
    std::vector<ConnectionPtr> m_returned;
    std::atomic<std::size_t> m_active{0};
    std::atomic<bool> m_stopping{false};
    Running m_running;
    ThreadPool m_fast;
    ThreadPool m_upstream;
    std::thread m_thread;
};

} // namespace

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Application& application) {
    const std::string where = options.address + ":" + std::to_string(options.port);
    options.limits.connections = affordable(options.limits.connections);
    if (options.address.empty()) // to Poco that is every address of the machine
        return Error{ErrorKind::invalid, "cannot listen: no address is given", "127.0.0.1 is this machine alone"};
    try {
        const Poco::Net::SocketAddress address(Poco::Net::IPAddress(options.address), options.port);
        Poco::Net::ServerSocket socket;
        socket.bind(address, /*reuseAddress=*/true,
                    /*reusePort=*/false); // Poco's default would let a second server share the port
        socket.listen(k_backlog);
        KEYFOB_TRY_ASSIGN(Poller poller, Poller::create());
        return std::unique_ptr<Server>(
            std::make_unique<ServerImpl>(std::move(options), application, std::move(socket), std::move(poller)));
    } catch (const Poco::Net::InvalidAddressException&) {
        return Error{ErrorKind::invalid,
                     "cannot listen on " + where + ": " + options.address + " is no numeric address"};
    } catch (const Poco::Exception& exception) {
        if (exception.code() == EACCES)
            return Error{ErrorKind::denied, "cannot listen on " + where + ": this user may not use that port",
                         "choose a port above 1023"};
        return Error{ErrorKind::failed, "cannot listen on " + where + ": " + exception.displayText(),
                     "is another program listening there? choose another port"};
    }
}

} // namespace keyfob::platform::http
