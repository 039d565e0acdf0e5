#include "platform/tcp_peer.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace keyfob::platform {
namespace {

/// The kernel writes IPv4 addresses as eight hex digits in host byte order, IPv6 as four such words.
constexpr const char* k_loopback = "0100007F";
/// A connection that its owner has closed already is listed with uid 0, whoever that was.
constexpr const char* k_established = "01";
constexpr const char* k_mapped_loopback = "0000000000000000FFFF00000100007F";

std::optional<uid_t> find_owner(const char* table, const std::string& address, std::uint16_t peer_port,
                                std::uint16_t local_port) {
    const auto endpoint = [&](std::uint16_t port) {
        constexpr const char* digits = "0123456789ABCDEF";
        std::string text = address + ":";
        for (unsigned shift = 16; shift > 0; shift -= 4)
            text += digits[(static_cast<unsigned>(port) >> (shift - 4)) & 0xFU];
        return text;
    };
    std::ifstream file(table);
    std::string line;
    const std::string wanted_local = endpoint(peer_port); // the table shows the connection from the peer's side
    const std::string wanted_remote = endpoint(local_port);
    while (std::getline(file, line)) {
        std::istringstream fields(line);
        std::string slot, local, remote, state, queues, timer, retransmits, uid;
        fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid;
        if (local == wanted_local && remote == wanted_remote && state == k_established && !uid.empty())
            return static_cast<uid_t>(std::strtoul(uid.c_str(), nullptr, 10));
    }
    return std::nullopt;
}

} // namespace

std::optional<uid_t> loopback_peer_owner(std::uint16_t peer_port, std::uint16_t local_port) {
    if (const auto owner = find_owner("/proc/net/tcp", k_loopback, peer_port, local_port))
        return owner;
    return find_owner("/proc/net/tcp6", k_mapped_loopback, peer_port, local_port); // a browser may use a mapped address
}

} // namespace keyfob::platform
