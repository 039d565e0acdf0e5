#pragma once

#include "platform/secret_string.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::server::signin {

/// One `[[resource_server]]` of the configuration: a service that may ask whose an access token is (RFC 7662).
struct ResourceServer {
    std::string id;
    platform::SecretString secret;
    std::vector<std::string> clients; ///< whose tokens are for it (AS-15, AS-19); empty: those of every client

    [[nodiscard]] bool is_for(const std::string& client_id) const {
        return clients.empty() || std::find(clients.begin(), clients.end(), client_id) != clients.end();
    }
};

/// Who may introspect. Without any, introspection is off. Fixed after the start; thread-safe.
class ResourceServers {
public:
    ResourceServers() = default;
    explicit ResourceServers(std::vector<ResourceServer> servers) : m_servers(std::move(servers)) {}

    /// Null where there is none with that secret.
    [[nodiscard]] const ResourceServer* find(std::string_view id, std::string_view secret) const;
    [[nodiscard]] bool empty() const { return m_servers.empty(); }

private:
    std::vector<ResourceServer> m_servers;
};

} // namespace keyfob::server::signin
