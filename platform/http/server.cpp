#include "platform/http/server.h"

#include "platform/http/connection_counts.h"
#include "platform/http/event_loop.h"
#include "platform/poller.h"
#include "platform/thread_pool.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include <sys/resource.h>

namespace keyfob::platform::http {
namespace {

constexpr int k_backlog = 4096;                ///< the system may allow fewer
constexpr std::size_t k_own_descriptors = 128; ///< for the database, outgoing connections, the log

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
    ServerImpl(ServerOptions options, Application& application, Poco::Net::ServerSocket socket,
               std::vector<Poller> pollers)
        : m_options(std::move(options)),
          m_counts(m_options.limits.connections, m_options.limits.connections_per_address),
          m_fast(m_options.limits.fast_threads, m_options.limits.queue),
          m_upstream(m_options.limits.upstream_threads, m_options.limits.queue),
          m_front{m_options, application, std::move(socket), 0, m_counts, m_fast, m_upstream, pollers.size()} {
        m_front.socket.setBlocking(false);
        m_front.port = m_front.socket.address().port();
        for (Poller& poller : pollers)
            m_loops.push_back(std::make_unique<EventLoop>(m_front, std::move(poller)));
    }
    ~ServerImpl() override { stop(); }

    [[nodiscard]] std::uint16_t port() const override { return m_front.port; }

    void stop() override {
        for (const auto& loop : m_loops)
            loop->begin_stop();
        for (const auto& loop : m_loops)
            loop->join();
        m_fast.stop(); // what runs there leaves its response in a loop
        m_upstream.stop();
        m_loops.clear();
    }

private:
    const ServerOptions m_options;
    ConnectionCounts m_counts;
    ThreadPool m_fast;
    ThreadPool m_upstream;
    Front m_front;
    std::vector<std::unique_ptr<EventLoop>> m_loops;
};

Result<std::vector<Poller>> make_pollers(std::size_t count) {
    std::vector<Poller> pollers;
    for (std::size_t i = 0; i < count; ++i) {
        KEYFOB_TRY_ASSIGN(Poller poller, Poller::create());
        pollers.push_back(std::move(poller));
    }
    return pollers;
}

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
        KEYFOB_TRY_ASSIGN(auto pollers, make_pollers(options.limits.loops));
        return std::unique_ptr<Server>(
            std::make_unique<ServerImpl>(std::move(options), application, std::move(socket), std::move(pollers)));
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
