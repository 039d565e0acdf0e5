#pragma once

#include "platform/result.h"

#include <Poco/Net/IPAddress.h>

#include <optional>
#include <string>
#include <string_view>

namespace keyfob::platform::http {

/// An address as every parser reads it: dotted quads of four parts, or IPv6 without brackets or zone. nullopt for everything else.
[[nodiscard]] std::optional<Poco::Net::IPAddress> parse_address(const std::string& text);
/// The IPv4 address inside ::ffff:0:0/96, which is how an IPv6 socket shows IPv4 peers; any other address as it is.
[[nodiscard]] Poco::Net::IPAddress unmapped(const Poco::Net::IPAddress& address);

/// A range of IP addresses in CIDR form; a single address is a range of one. A value.
class Network {
public:
    [[nodiscard]] static Result<Network> parse(std::string_view text); ///< Errors: invalid
    [[nodiscard]] bool contains(const Poco::Net::IPAddress& address) const;

private:
    Network(const Poco::Net::IPAddress& address, unsigned prefix) : m_address(address), m_prefix(prefix) {}
    Poco::Net::IPAddress m_address;
    unsigned m_prefix;
};

/// False for every address that is not on the public internet: loopback, private, link-local (cloud metadata), shared, multicast, reserved,
/// and the IPv6 forms that carry such an IPv4 address inside (RP-17).
[[nodiscard]] bool is_public_address(const Poco::Net::IPAddress& address);

} // namespace keyfob::platform::http
