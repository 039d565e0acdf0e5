#pragma once

#include <string>

#include <sys/socket.h>

namespace keyfob::platform::http {

/// IP address and port of a TCP socket, as the system calls take them. A value.
class SocketAddress {
public:
    /// Precondition: AF_INET or AF_INET6, and `length` octets of it.
    SocketAddress(const sockaddr* address, socklen_t length);
    bool operator==(const SocketAddress& other) const;

    [[nodiscard]] const sockaddr* get() const;
    [[nodiscard]] socklen_t length() const { return m_length; }
    [[nodiscard]] int family() const { return m_storage.ss_family; }
    [[nodiscard]] std::string ip() const; ///< as parse_address (network.h) reads it: IPv6 without brackets or zone

private:
    sockaddr_storage m_storage{};
    socklen_t m_length;
};

} // namespace keyfob::platform::http
