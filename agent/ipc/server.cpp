#include "agent/ipc/server.h"

#include "platform/log.h"
#include "platform/peer_credentials.h"

#include <cerrno>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace keyfob::agent::ipc {

namespace {
constexpr std::size_t k_most_connections = 512;
} // namespace

Server::Server(platform::Poller poller, platform::UniqueFd listener, Dispatch dispatch)
    : m_source(std::move(poller), [this](void* tag) { take(tag); }), m_listener(std::move(listener)),
      m_dispatch(std::move(dispatch)) {
    m_source.poller().add(m_listener.get(), POLLIN, this);
}

Server::~Server() {
    const auto connections = m_connections; // close() takes them out of the map
    for (const auto& [key, connection] : connections)
        connection->close();
}

void Server::take(void* tag) {
    if (tag == this)
        return accept();
    const auto found = m_connections.find(static_cast<Connection*>(tag)); // one before may have closed it
    if (found != m_connections.end())
        found->second->on_ready();
}

void Server::accept() {
    platform::UniqueFd socket(::accept4(m_listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket)
        return;
    const auto peer = platform::peer_credentials(socket.get());
    if (!peer || peer->uid != ::getuid()) {
        platform::log::warning("peer_refused", {{"uid", peer ? std::to_string(peer->uid) : "unknown"}});
        return;
    }
    if (m_connections.size() >= k_most_connections) {
        platform::log::warning("connection_refused", {{"reason", "too many"}});
        return;
    }
    auto connection = std::make_shared<Connection>(
        m_source.poller(), std::move(socket),
        [this](const std::shared_ptr<Connection>& self, std::string_view line) { handle(self, line); },
        [this](Connection* closed) { m_connections.erase(closed); });
    m_connections[connection.get()] = connection;
    connection->start();
}

void Server::handle(const std::shared_ptr<Connection>& connection, std::string_view line) {
    auto request = parse_request(line);
    if (!request) {
        connection->send(parse_error_line());
        return connection->count_bad_line();
    }
    const std::weak_ptr<Connection> peer = connection;
    auto answer = [peer, id = request->id](const Answer& outcome) {
        if (const auto self = peer.lock(); self && self->is_open())
            self->send(outcome ? result_line(id, *outcome) : error_line(id, outcome.error()));
    };
    m_dispatch({std::move(request->method), request->parameters, connection, std::move(answer)});
}

} // namespace keyfob::agent::ipc
