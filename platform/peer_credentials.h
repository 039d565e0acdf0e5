#pragma once

#include <optional>

#include <sys/types.h>

namespace keyfob::platform {

struct PeerCredentials {
    uid_t uid = 0;
    pid_t pid = 0;
};

/// Who is at the other end of a connected Unix socket, as the kernel recorded it at connect time. nullopt: not such a socket.
[[nodiscard]] std::optional<PeerCredentials> peer_credentials(int socket);

} // namespace keyfob::platform
