#include "platform/tcp_peer.h"

#include "platform/unique_fd.h"

#include <catch2/catch.hpp>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace keyfob::platform;

namespace {

/// A TCP connection inside this machine, from a client of one user to a server of another.
struct Connection {
    Connection(int family, uid_t client_user) {
        listener = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
        REQUIRE(::listen(listener.get(), 1) == 0);
        server_port = port_of(listener, AF_INET);

        const uid_t before = ::geteuid();
        REQUIRE(::seteuid(client_user) == 0);
        client = UniqueFd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
        REQUIRE(::seteuid(before) == 0);
        REQUIRE(client);
        connect(family);
        client_port = port_of(client, family);
        accepted = UniqueFd(::accept(listener.get(), nullptr, nullptr));
        REQUIRE(accepted);
    }

    void connect(int family) {
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        six.sin6_addr.s6_addr[10] = six.sin6_addr.s6_addr[11] = 0xFF;
        six.sin6_addr.s6_addr[12] = 127;
        six.sin6_addr.s6_addr[15] = 1;
        six.sin6_port = htons(server_port);
        sockaddr_in four{};
        four.sin_family = AF_INET;
        four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        four.sin_port = htons(server_port);
        const auto* address =
            family == AF_INET ? reinterpret_cast<const sockaddr*>(&four) : reinterpret_cast<const sockaddr*>(&six);
        REQUIRE(::connect(client.get(), address, family == AF_INET ? sizeof four : sizeof six) == 0);
    }

    static std::uint16_t port_of(const UniqueFd& socket, int family) {
        sockaddr_in6 address{};
        socklen_t length = sizeof address;
        REQUIRE(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
        return ntohs(family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port : address.sin6_port);
    }

    UniqueFd listener;
    UniqueFd client;
    UniqueFd accepted;
    std::uint16_t server_port = 0;
    std::uint16_t client_port = 0;
};

} // namespace

TEST_CASE("AG-01: the owner of the other end of a loopback connection is known") {
    const Connection connection(AF_INET, ::geteuid());
    CHECK(loopback_peer_owner(connection.client_port, connection.server_port) == ::geteuid());
}

TEST_CASE("AG-01: a client that came by a mapped IPv6 address is found too") {
    const UniqueFd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!probe)
        return; // no IPv6 here
    const Connection connection(AF_INET6, ::geteuid());
    CHECK(loopback_peer_owner(connection.client_port, connection.server_port) == ::geteuid());
}

TEST_CASE("AG-01: another user's connection is another user's") {
    if (::geteuid() != 0)
        return; // only root can be two users
    constexpr uid_t k_nobody = 65534;
    const Connection connection(AF_INET, k_nobody);
    CHECK(loopback_peer_owner(connection.client_port, connection.server_port) == k_nobody);
    CHECK(loopback_peer_owner(connection.server_port, connection.client_port) == 0U); // seen from the other side
}

TEST_CASE("AG-01: a connection that its owner has left has no owner, and above all not root") {
    Connection connection(AF_INET, ::geteuid());
    connection.client.reset();
    CHECK_FALSE(loopback_peer_owner(connection.client_port, connection.server_port)); // half closed
    connection.accepted.reset();
    CHECK_FALSE(loopback_peer_owner(connection.client_port, connection.server_port)); // TIME_WAIT
}

TEST_CASE("AG-01: a connection that does not exist has no owner") {
    const Connection connection(AF_INET, ::geteuid());
    CHECK_FALSE(loopback_peer_owner(connection.client_port, static_cast<std::uint16_t>(connection.server_port + 1)));
    CHECK_FALSE(loopback_peer_owner(0, connection.server_port)); // the listening socket itself
    CHECK_FALSE(loopback_peer_owner(connection.server_port, connection.server_port));
}
