#include "server/http/client_address.h"

#include <algorithm>

namespace keyfob::server::http {
namespace {

using Poco::Net::IPAddress;

/// Takes the last entry off a comma-separated list.
std::string take_last(std::string& list) {
    const std::size_t comma = list.rfind(',');
    std::string last = comma == std::string::npos ? list : list.substr(comma + 1);
    list.resize(comma == std::string::npos ? 0 : comma);
    last.erase(0, last.find_first_not_of(" \t"));
    last.erase(last.find_last_not_of(" \t") + 1);
    return last;
}

/// Poco reads addresses as inet_aton does: `127.1`, numbers in octal, and anything behind a blank.
bool parse_address(const std::string& text, IPAddress& address) {
    return IPAddress::tryParse(text, address) && (address.family() == IPAddress::IPv6 || address.toString() == text);
}

} // namespace

platform::Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& entries) {
    TrustedProxies proxies;
    for (const std::string& entry : entries) {
        KEYFOB_TRY_ASSIGN(auto network, platform::http::Network::parse(entry));
        proxies.m_networks.push_back(std::move(network));
    }
    return proxies;
}

bool TrustedProxies::trusts(const std::string& address) const {
    IPAddress peer;
    return IPAddress::tryParse(address, peer) &&
           std::any_of(m_networks.begin(), m_networks.end(),
                       [&](const auto& network) { return network.contains(peer); });
}

bool TrustedProxies::may_use_plain_http(const std::string& peer_address) const {
    static const TrustedProxies k_this_machine = parse({"127.0.0.0/8", "::1"}).value();
    return k_this_machine.trusts(peer_address) || trusts(peer_address);
}

std::string TrustedProxies::client_address(const platform::http::Request& request) const {
    std::string address = request.peer_address;
    std::string forwarded;
    for (const std::string_view value : request.headers.all("X-Forwarded-For"))
        forwarded += (forwarded.empty() ? "" : ",") + std::string(value);
    while (!forwarded.empty() && trusts(address)) {
        IPAddress client;
        if (!parse_address(take_last(forwarded), client))
            return address;
        address = client.toString();
    }
    return address;
}

} // namespace keyfob::server::http
