#pragma once

#include "platform/unique_fd.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

namespace keyfob::tests {

/// A connected TCP socket that sends and receives octets as they are: whoever tests a protocol must be able to break it.
class TcpSocket {
public:
    explicit TcpSocket(platform::UniqueFd fd) : m_fd(std::move(fd)) {}

    /// To a port of 127.0.0.1.
    static TcpSocket connect(std::uint16_t port) {
        platform::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_in address = loopback(port);
        if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
            throw std::runtime_error("cannot connect");
        return TcpSocket(std::move(fd));
    }
    static sockaddr_in loopback(std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(port);
        return address;
    }

    /// False when the peer has gone.
    bool send(std::string_view octets) const {
        while (!octets.empty()) {
            const ssize_t sent = ::send(m_fd.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
            if (sent <= 0)
                return false;
            octets.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    void end_sending() const { ::shutdown(m_fd.get(), SHUT_WR); }

    /// Up to and with `end`, or less at the end of the stream.
    std::string read_until(std::string_view end) {
        while (m_buffer.find(end) == std::string::npos && fill()) {
        }
        const std::size_t found = m_buffer.find(end);
        return take(found == std::string::npos ? m_buffer.size() : found + end.size());
    }
    /// Exactly `count` octets, or less at the end of the stream.
    std::string read_exactly(std::size_t count) {
        while (m_buffer.size() < count && fill()) {
        }
        return take(std::min(count, m_buffer.size()));
    }
    std::string read_to_end() {
        while (fill()) {
        }
        return take(m_buffer.size());
    }
    [[nodiscard]] int descriptor() const { return m_fd.get(); }
    void close() { m_fd.reset(); }

private:
    bool fill() {
        char piece[4096];
        ssize_t count = 0;
        do
            count = ::recv(m_fd.get(), piece, sizeof piece, 0);
        while (count < 0 && errno == EINTR);
        if (count > 0)
            m_buffer.append(piece, static_cast<std::size_t>(count));
        return count > 0;
    }
    std::string take(std::size_t count) {
        std::string taken = m_buffer.substr(0, count);
        m_buffer.erase(0, count);
        return taken;
    }

    platform::UniqueFd m_fd;
    std::string m_buffer;
};

/// Listens on a port of 127.0.0.1 that the system chooses.
class TcpListener {
public:
    TcpListener() : m_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address = TcpSocket::loopback(0);
        socklen_t length = sizeof address;
        if (::bind(m_fd.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0 ||
            ::listen(m_fd.get(), 16) != 0 ||
            ::getsockname(m_fd.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0)
            throw std::runtime_error("cannot listen");
        m_port = ntohs(address.sin_port);
    }

    [[nodiscard]] std::uint16_t port() const { return m_port; }
    [[nodiscard]] TcpSocket accept() const {
        platform::UniqueFd fd(::accept4(m_fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!fd)
            throw std::runtime_error("cannot accept");
        return TcpSocket(std::move(fd));
    }
    /// Whether somebody has connected and was not accepted yet.
    [[nodiscard]] bool has_visitor() const {
        pollfd state{m_fd.get(), POLLIN, 0};
        return ::poll(&state, 1, 0) == 1;
    }

private:
    platform::UniqueFd m_fd;
    std::uint16_t m_port = 0;
};

} // namespace keyfob::tests
