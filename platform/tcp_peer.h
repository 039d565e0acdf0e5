#pragma once

#include <cstdint>
#include <optional>

#include <sys/types.h>

namespace keyfob::platform {

/// The user who owns the other end of a TCP connection inside this machine, from 127.0.0.1:`peer_port` to 127.0.0.1:`local_port` (AG-01).
/// nullopt: no such socket (it is gone, or lives in another network namespace).
[[nodiscard]] std::optional<uid_t> loopback_peer_owner(std::uint16_t peer_port, std::uint16_t local_port);

} // namespace keyfob::platform
