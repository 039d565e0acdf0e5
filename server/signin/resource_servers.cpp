#include "server/signin/resource_servers.h"

#include "platform/digest.h"

#include <algorithm>

namespace keyfob::server::signin {

bool ResourceServers::knows(std::string_view id, std::string_view secret) const {
    return std::any_of(m_servers.begin(), m_servers.end(), [&](const ResourceServer& server) {
        // Digests, so that the time tells nothing of the length either.
        return server.id == id &&
               platform::constant_time_equal(platform::sha256(server.secret.reveal()), platform::sha256(secret));
    });
}

} // namespace keyfob::server::signin
