#include "server/http/client_address.h"

#include "platform/address_group.h"

#include <algorithm>
#include <optional>

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

/// A socket on `[::]` shows IPv4 peers as ::ffff:a.b.c.d; everybody means a.b.c.d.
std::optional<IPAddress> address_in(const std::string& text) {
    const auto address = platform::http::parse_address(text);
    return address ? std::optional(platform::http::unmapped(*address)) : std::nullopt;
}

bool is_port(std::string_view text) {
    return !text.empty() && text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos;
}

/// An entry of X-Forwarded-For: an address, and with some proxies its port: `1.2.3.4:4711`, `[2001:db8::7]:4711`.
std::optional<IPAddress> forwarded_address(const std::string& entry) {
    const std::size_t bracket = entry.find(']');
    if (entry.starts_with('[') && bracket != std::string::npos) {
        const std::string rest = entry.substr(bracket + 1);
        const bool well_formed = rest.empty() || (rest[0] == ':' && is_port(std::string_view(rest).substr(1)));
        return well_formed ? address_in(entry.substr(1, bracket - 1)) : std::nullopt;
    }
    const std::size_t colon = entry.find(':');
    const bool has_port = colon != std::string::npos && is_port(std::string_view(entry).substr(colon + 1));
    return address_in(has_port && entry.find('.') < colon ? entry.substr(0, colon) : entry);
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

bool TrustedProxies::trusts(const IPAddress& address) const {
    return std::any_of(m_networks.begin(), m_networks.end(),
                       [&](const auto& network) { return network.contains(address); });
}

bool TrustedProxies::may_use_plain_http(const std::string& peer_address) const {
    static const TrustedProxies k_this_machine = parse({"127.0.0.0/8", "::1"}).value();
    const auto peer = address_in(peer_address);
    return peer && (k_this_machine.trusts(*peer) || trusts(*peer));
}

bool TrustedProxies::is_proxy(const std::string& peer_address) const {
    const auto peer = address_in(peer_address);
    return peer && trusts(*peer);
}

std::string TrustedProxies::client_address(const platform::http::Request& request) const {
    if (m_networks.empty())
        return request.peer_address;
    auto address = address_in(request.peer_address);
    if (!address || !trusts(*address))
        return address ? address->toString() : request.peer_address;
    std::string forwarded;
    for (const std::string_view value : request.headers.all("X-Forwarded-For"))
        forwarded += (forwarded.empty() ? "" : ",") + std::string(value);
    do {
        address = forwarded_address(take_last(forwarded));
    } while (address && trusts(*address) && !forwarded.empty());
    return address ? address->toString() : platform::k_unknown_address;
}

} // namespace keyfob::server::http
