#pragma once

#include "platform/http/socket_address.h"
#include "platform/result.h"
#include "platform/unique_fd.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace keyfob::platform::http {

/// Every address of a host, a name or a literal (IPv6 without brackets), each once, in the order in which they are to be tried. Never empty. May wait for
/// the system's resolver, which has bounds of its own. Errors: unreachable; the message is the reason only.
[[nodiscard]] Result<std::vector<SocketAddress>> resolve(const std::string& host, std::uint16_t port);

/// Connects to the first of `addresses` that takes it, within `longest` for all of them together. What one leaves of that is for those after
/// it: none can use it up alone. The socket is non-blocking, close-on-exec and without Nagle's delay. Errors: timed_out (none has answered),
/// unreachable; the message is the reason only.
[[nodiscard]] Result<UniqueFd> connect_any(const std::vector<SocketAddress>& addresses,
                                           std::chrono::milliseconds longest);

} // namespace keyfob::platform::http
