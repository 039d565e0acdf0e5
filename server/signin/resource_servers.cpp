#include "server/signin/resource_servers.h"

#include "platform/digest.h"

#include <algorithm>

namespace keyfob::server::signin {

const ResourceServer* ResourceServers::find(std::string_view id, std::string_view secret) const {
    const auto found = std::find_if(m_servers.begin(), m_servers.end(), [&](const ResourceServer& server) {
        // Digests, so that the time tells nothing of the length either.
        return server.id == id &&
               platform::constant_time_equal(platform::sha256(server.secret.reveal()), platform::sha256(secret));
    });
    return found == m_servers.end() ? nullptr : &*found;
}

} // namespace keyfob::server::signin
