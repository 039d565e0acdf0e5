#include "platform/http/socket_address.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace keyfob::platform::http {

SocketAddress::SocketAddress(const sockaddr* address, socklen_t length)
    : m_length(std::min<socklen_t>(length, sizeof m_storage)) {
    std::memcpy(&m_storage, address, m_length);
}

bool SocketAddress::operator==(const SocketAddress& other) const {
    return m_length == other.m_length && std::memcmp(&m_storage, &other.m_storage, m_length) == 0;
}

const sockaddr* SocketAddress::get() const {
    return reinterpret_cast<const sockaddr*>(&m_storage);
}

std::string SocketAddress::ip() const {
    const auto* four = reinterpret_cast<const sockaddr_in*>(&m_storage);
    const auto* six = reinterpret_cast<const sockaddr_in6*>(&m_storage);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family() == AF_INET)
        ::inet_ntop(AF_INET, &four->sin_addr, text.data(), text.size());
    else
        ::inet_ntop(AF_INET6, &six->sin6_addr, text.data(), text.size());
    return text.data();
}

} // namespace keyfob::platform::http
