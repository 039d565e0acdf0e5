#include "platform/http/connect.h"

#include "tests/support/tcp_socket.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace keyfob::platform;
using namespace keyfob::platform::http;
using keyfob::tests::TcpListener;
using keyfob::tests::TcpSocket;

namespace {

SocketAddress loopback(std::uint16_t port) {
    const sockaddr_in address = TcpSocket::loopback(port);
    return {reinterpret_cast<const sockaddr*>(&address), sizeof address};
}

SocketAddress peer_of(const UniqueFd& socket) {
    sockaddr_storage peer{};
    socklen_t length = sizeof peer;
    auto* const address = reinterpret_cast<sockaddr*>(&peer);
    REQUIRE(::getpeername(socket.get(), address, &length) == 0);
    return {address, length};
}

/// Says nothing to whoever connects: its queue of connections is full.
class BlackHole {
public:
    BlackHole() : m_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = TcpSocket::loopback(0);
        socklen_t length = sizeof address;
        REQUIRE(::bind(m_fd.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
        REQUIRE(::listen(m_fd.get(), 0) == 0);
        REQUIRE(::getsockname(m_fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
        m_port = ntohs(address.sin_port);
        m_guest.emplace(TcpSocket::connect(m_port));
    }
    [[nodiscard]] SocketAddress address() const { return loopback(m_port); }

private:
    UniqueFd m_fd;
    std::uint16_t m_port = 0;
    std::optional<TcpSocket> m_guest;
};

} // namespace

TEST_CASE("an address that does not answer leaves time for the next") {
    const BlackHole hole;
    const TcpListener listener;
    const SocketAddress good = loopback(listener.port());
    const auto socket = connect_any({hole.address(), good}, std::chrono::milliseconds{1'000});
    REQUIRE(socket);
    CHECK(peer_of(*socket) == good);
}

TEST_CASE("when no address answers, the time is over; when nobody listens, it is not waited for") {
    const BlackHole hole;
    const auto silent = connect_any({hole.address(), hole.address()}, std::chrono::milliseconds{20});
    REQUIRE_FALSE(silent);
    CHECK(silent.error().kind == ErrorKind::timed_out);
    std::uint16_t port = 0;
    { port = TcpListener().port(); }
    const auto closed = connect_any({loopback(port)}, std::chrono::minutes{10});
    REQUIRE_FALSE(closed);
    CHECK(closed.error().kind == ErrorKind::unreachable);
    CHECK(closed.error().message == "Connection refused");
    CHECK_FALSE(connect_any({}, std::chrono::minutes{10}));
}

TEST_CASE("a literal is its own address, in the form in which addresses are compared with what is allowed") {
    const char* host = GENERATE("127.0.0.1", "203.0.113.7", "::1", "2001:db8::7", "::ffff:10.0.0.1");
    const auto addresses = resolve(host, 443);
    REQUIRE(addresses);
    REQUIRE(addresses->size() == 1);
    CHECK(addresses->front().ip() == host);
    const auto same = resolve(host, 443);
    const auto other = resolve(host, 444);
    CHECK(addresses->front() == same->front());
    CHECK_FALSE(addresses->front() == other->front());
}

TEST_CASE("a name has its addresses once each, and one that nobody knows is an error") {
    const auto addresses = resolve("localhost", 443);
    REQUIRE(addresses);
    for (std::size_t i = 0; i < addresses->size(); ++i)
        CHECK(std::count(addresses->begin(), addresses->end(), (*addresses)[i]) == 1);
    const auto unknown = resolve("keyfob.invalid", 443); // RFC 6761: never a name
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().kind == ErrorKind::unreachable);
    CHECK(unknown.error().message == "the name is not known");
}
