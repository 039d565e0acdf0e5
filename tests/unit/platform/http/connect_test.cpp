#include "platform/http/connect.h"

#include "tests/support/tcp_socket.h"

#include <catch2/catch.hpp>

using namespace keyfob::platform;
using namespace keyfob::platform::http;
using keyfob::tests::TcpListener;
using keyfob::tests::TcpSocket;
using Poco::Net::SocketAddress;

namespace {

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
    [[nodiscard]] SocketAddress address() const { return {"127.0.0.1", m_port}; }

private:
    UniqueFd m_fd;
    std::uint16_t m_port = 0;
    std::optional<TcpSocket> m_guest;
};

} // namespace

TEST_CASE("an address that does not answer leaves time for the next") {
    const BlackHole hole;
    const TcpListener listener;
    const SocketAddress good("127.0.0.1", listener.port());
    const auto socket = connect_any({hole.address(), good}, std::chrono::milliseconds{1'000});
    REQUIRE(socket);
    CHECK(socket->peerAddress() == good);
}

TEST_CASE("when no address answers, the time is over; when nobody listens, it is not waited for") {
    const BlackHole hole;
    const auto silent = connect_any({hole.address(), hole.address()}, std::chrono::milliseconds{20});
    REQUIRE_FALSE(silent);
    CHECK(silent.error().kind == ErrorKind::timed_out);
    std::uint16_t port = 0;
    { port = TcpListener().port(); }
    const auto closed = connect_any({SocketAddress("127.0.0.1", port)}, std::chrono::minutes{10});
    REQUIRE_FALSE(closed);
    CHECK(closed.error().kind == ErrorKind::unreachable);
    CHECK_FALSE(connect_any({}, std::chrono::minutes{10}));
}
