#include "server/storage/address_group.h"

#include <algorithm>

#include <arpa/inet.h>

namespace keyfob::server::storage {

namespace {
constexpr std::size_t k_network_octets = 8;

std::string text_of(int family, const void* octets) {
    char text[INET6_ADDRSTRLEN];
    return ::inet_ntop(family, octets, text, sizeof text) == nullptr ? std::string() : std::string(text);
}
} // namespace

std::string address_group(const std::string& address) {
    in6_addr six{};
    if (::inet_pton(AF_INET6, address.substr(0, address.find('%')).c_str(), &six) != 1)
        return address;
    if (IN6_IS_ADDR_V4MAPPED(&six))
        return text_of(AF_INET, &six.s6_addr[12]);
    std::fill(std::begin(six.s6_addr) + k_network_octets, std::end(six.s6_addr), 0);
    return text_of(AF_INET6, &six) + "/64";
}

} // namespace keyfob::server::storage
