#include "platform/http/connect.h"

#include "platform/clock.h"
#include "platform/poll_until.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <system_error>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

namespace keyfob::platform::http {
namespace {

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Error unreachable(int reason) {
    return {ErrorKind::unreachable, std::generic_category().message(reason)};
}
Error not_connected_in_time() {
    return {ErrorKind::timed_out, "it did not answer in time"};
}

/// Null: the name is not known.
AddressList look_up(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* list = nullptr;
    const int failed = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    return {failed == 0 ? list : nullptr, &::freeaddrinfo};
}

/// What has become of a connection that was being made; 0: it is there.
int outcome_of(const UniqueFd& socket) {
    int reason = 0;
    socklen_t length = sizeof reason;
    return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &reason, &length) == 0 ? reason : errno;
}

Result<UniqueFd> connect_one(const SocketAddress& address, SteadyTime deadline) {
    UniqueFd socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket)
        return unreachable(errno);
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket.get(), address.get(), address.length()) == 0)
        return socket;
    if (errno != EINPROGRESS && errno != EINTR) // interrupted, it goes on as well
        return unreachable(errno);
    if (const auto ready = poll_until(socket.get(), POLLOUT, deadline); !ready)
        return ready.error().kind == ErrorKind::timed_out ? not_connected_in_time() : ready.error();
    if (const int reason = outcome_of(socket); reason != 0)
        return unreachable(reason);
    return socket;
}

} // namespace

Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port) {
    AddressList list = look_up(host, port, AI_NUMERICHOST);
    if (!list)
        list = look_up(host, port, AI_ADDRCONFIG); // only of a kind that this machine has itself
    std::vector<SocketAddress> addresses;
    for (const addrinfo* entry = list.get(); entry != nullptr; entry = entry->ai_next)
        if (const SocketAddress address(entry->ai_addr, entry->ai_addrlen);
            std::find(addresses.begin(), addresses.end(), address) == addresses.end())
            addresses.push_back(address);
    if (addresses.empty())
        return Error{ErrorKind::unreachable, "the name is not known"};
    return addresses;
}

Result<UniqueFd> connect_any(const std::vector<SocketAddress>& addresses, std::chrono::milliseconds longest) {
    const SteadyTime deadline = std::chrono::steady_clock::now() + longest;
    Result<UniqueFd> last = Error{ErrorKind::unreachable, "no address"};
    auto after = static_cast<std::int64_t>(addresses.size());
    for (const SocketAddress& address : addresses) {
        const SteadyTime now = std::chrono::steady_clock::now();
        if (now >= deadline)
            return not_connected_in_time();
        last = connect_one(address, now + (deadline - now) / after--);
        if (last)
            return last;
    }
    return last;
}

} // namespace keyfob::platform::http
