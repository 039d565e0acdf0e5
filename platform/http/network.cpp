#include "platform/http/network.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include <arpa/inet.h>

namespace keyfob::platform::http {
namespace {

using Poco::Net::IPAddress;

const unsigned char* octets_of(const IPAddress& address) {
    return static_cast<const unsigned char*>(address.addr());
}

std::vector<Network> networks(std::initializer_list<const char*> texts) {
    std::vector<Network> all;
    for (const char* text : texts)
        all.push_back(Network::parse(text).value());
    return all;
}

/// The special-purpose registries of IANA (RFC 6890), as far as they are not globally reachable.
const std::vector<Network>& special_networks() {
    static const std::vector<Network> k_all = networks({
        "0.0.0.0/8",      "10.0.0.0/8",     "100.64.0.0/10",  "127.0.0.0/8",    "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24",   "192.0.2.0/24",   "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15",  "198.51.100.0/24",
        "203.0.113.0/24", "224.0.0.0/4",    "240.0.0.0/4",    "::/128",         "::1/128",        "::/96",
        "64:ff9b::/96",   "64:ff9b:1::/48", "100::/64",       "2001::/23",      "2001:db8::/32",  "2002::/16",
        "fc00::/7",       "fe80::/10",      "fec0::/10",      "ff00::/8",
    });
    return k_all;
}

/// The IPv4 address inside ::ffff:0:0/96.
std::optional<IPAddress> mapped_address(const IPAddress& address) {
    static const Network k_mapped = Network::parse("::ffff:0:0/96").value();
    if (!k_mapped.contains(address))
        return std::nullopt;
    return IPAddress(octets_of(address) + 12, 4);
}

} // namespace

/// Poco 1.11 takes `::` for a failure and `10.1` for 10.0.0.1, so it is asked neither.
std::optional<IPAddress> parse_address(const std::string& text) {
    in_addr four{};
    if (::inet_pton(AF_INET, text.c_str(), &four) == 1)
        return IPAddress(&four, sizeof four);
    in6_addr six{};
    if (::inet_pton(AF_INET6, text.c_str(), &six) == 1)
        return IPAddress(&six, sizeof six);
    return std::nullopt;
}

IPAddress unmapped(const IPAddress& address) {
    return mapped_address(address).value_or(address);
}

Result<Network> Network::parse(std::string_view text) {
    const Error refused{ErrorKind::invalid, "\"" + std::string(text) + "\" is no address and no network",
                        "write 10.0.0.7 or 10.0.0.0/8"};
    const std::size_t slash = text.find('/');
    auto address = parse_address(std::string(text.substr(0, slash)));
    if (!address)
        return refused;
    const unsigned longest = address->family() == IPAddress::IPv4 ? 32 : 128;
    unsigned prefix = longest;
    if (slash != std::string_view::npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
        if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || prefix > longest)
            return refused;
    }
    return Network(*address, prefix);
}

bool Network::contains(const IPAddress& address) const {
    if (address.family() != m_address.family())
        return false;
    const unsigned char* own = octets_of(m_address);
    const unsigned char* other = octets_of(address);
    const unsigned whole = m_prefix / 8;
    const unsigned rest = m_prefix % 8;
    if (!std::equal(own, own + whole, other))
        return false;
    return rest == 0 || (own[whole] >> (8 - rest)) == (other[whole] >> (8 - rest));
}

bool is_public_address(const IPAddress& address) {
    if (const auto inner = mapped_address(address))
        return is_public_address(*inner);
    const auto& special = special_networks();
    return std::none_of(special.begin(), special.end(),
                        [&](const Network& network) { return network.contains(address); });
}

} // namespace keyfob::platform::http
