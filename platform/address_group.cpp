#include "platform/address_group.h"

#include <algorithm>

#include <arpa/inet.h>

namespace keyfob::platform {

namespace {
constexpr std::size_t k_host_octets = 8;
constexpr std::size_t k_customer_octets = 6;

std::string text_of(int family, const void* octets) {
    char text[INET6_ADDRSTRLEN];
    return ::inet_ntop(family, octets, text, sizeof text) == nullptr ? std::string() : std::string(text);
}

std::string group(const std::string& address, std::size_t octets) {
    in6_addr six{};
    if (::inet_pton(AF_INET6, address.substr(0, address.find('%')).c_str(), &six) != 1)
        return address;
    if (IN6_IS_ADDR_V4MAPPED(&six))
        return text_of(AF_INET, &six.s6_addr[12]);
    std::fill(std::begin(six.s6_addr) + octets, std::end(six.s6_addr), 0);
    return text_of(AF_INET6, &six) + "/" + std::to_string(octets * 8);
}
} // namespace

std::string address_group(const std::string& address) {
    return group(address, k_host_octets);
}

std::string wide_address_group(const std::string& address) {
    return group(address, k_customer_octets);
}

} // namespace keyfob::platform
