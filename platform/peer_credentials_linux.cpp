#include "platform/peer_credentials.h"

#include <sys/socket.h>

namespace keyfob::platform {

std::optional<PeerCredentials> peer_credentials(int socket) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 || length != sizeof credentials)
        return std::nullopt;
    return PeerCredentials{credentials.uid, credentials.pid};
}

} // namespace keyfob::platform
