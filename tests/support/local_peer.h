#pragma once

#include "platform/unique_fd.h"
#include "tests/support/main_loop.h"

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include <sys/socket.h>

namespace keyfob::tests {

/// The command's end of a Unix socket whose other end the main loop of this very thread serves: never waits, but lets the loop do what there is
/// to do. So an answer that does not come is an empty string and no test that hangs.
class LocalPeer {
public:
    explicit LocalPeer(platform::UniqueFd socket) : m_socket(std::move(socket)) {}

    /// Two connected ends: the peer, and the socket for the side that is tested.
    static std::pair<LocalPeer, platform::UniqueFd> pair() {
        std::array<int, 2> ends{};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
            throw std::runtime_error("cannot make a pair of sockets");
        return {LocalPeer(platform::UniqueFd(ends[0])), platform::UniqueFd(ends[1])};
    }

    /// False when the other side has closed before it took all.
    bool send(std::string_view octets) {
        while (!octets.empty()) {
            const ssize_t sent = ::send(m_socket.get(), octets.data(), octets.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
            if (sent < 0 && errno != EAGAIN)
                return false;
            octets.remove_prefix(sent > 0 ? static_cast<std::size_t>(sent) : 0);
            settle();
        }
        return true;
    }
    /// All that has come since the last call.
    std::string received() {
        settle();
        while (receive_some())
            settle();
        return std::exchange(m_received, {});
    }
    /// Up to `most` octets, without letting the loop run: a reader that is slow.
    std::string sip(std::size_t most) {
        std::string piece(most, '\0');
        const ssize_t count = ::recv(m_socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
        piece.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        return piece;
    }
    /// Whether the other side has closed. What came before stays to be received().
    bool is_closed() {
        settle();
        while (receive_some())
            settle();
        return m_ended;
    }
    void close() {
        m_socket.reset();
        settle();
    }
    void end_sending() {
        ::shutdown(m_socket.get(), SHUT_WR);
        settle();
    }

private:
    bool receive_some() {
        std::array<char, 65536> piece{};
        const ssize_t count = ::recv(m_socket.get(), piece.data(), piece.size(), MSG_DONTWAIT);
        if (count > 0)
            m_received.append(piece.data(), static_cast<std::size_t>(count));
        else
            m_ended = m_ended || count == 0 || errno == ECONNRESET;
        return count > 0;
    }

    platform::UniqueFd m_socket;
    std::string m_received;
    bool m_ended = false;
};

} // namespace keyfob::tests
