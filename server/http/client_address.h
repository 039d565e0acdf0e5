#pragma once

#include "platform/http/message.h"
#include "platform/http/network.h"
#include "platform/result.h"

#include <string>
#include <vector>

namespace keyfob::server::http {

/// Which peers are proxies of ours. Only what they say about the client is believed (FA-01, FA-02). Immutable.
class TrustedProxies {
public:
    /// Addresses or networks in CIDR form. Errors: invalid (names the entry).
    [[nodiscard]] static platform::Result<TrustedProxies> parse(const std::vector<std::string>& entries);

    /// Without TLS the port is for our proxies and for this machine, whoever else can reach it.
    [[nodiscard]] bool may_use_plain_http(const std::string& peer_address) const;
    [[nodiscard]] bool is_proxy(const std::string& peer_address) const;
    /// The address of who sent the request: the peer, or, if that is one of ours, the last in X-Forwarded-For that is none of ours (the first,
    /// if all are). "unknown" where our proxy does not say an address: its own would be shown as the device's (AS-07).
    [[nodiscard]] std::string client_address(const platform::http::Request& request) const;

private:
    [[nodiscard]] bool trusts(const Poco::Net::IPAddress& address) const;
    std::vector<platform::http::Network> m_networks;
};

} // namespace keyfob::server::http
