#pragma once

#include "platform/result.h"

#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <vector>

namespace keyfob::platform::http {

/// Connects to the first of `addresses` that takes it, within `longest` for all of them together. What one leaves of that is for those after
/// it: none can use it up alone. Errors: timed_out (none has answered), unreachable; the message is the reason only.
[[nodiscard]] Result<Poco::Net::StreamSocket> connect_any(const std::vector<Poco::Net::SocketAddress>& addresses,
                                                          std::chrono::milliseconds longest);

} // namespace keyfob::platform::http
