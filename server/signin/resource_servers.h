#pragma once

#include "platform/secret_string.h"

#include <string>
#include <string_view>
#include <vector>

namespace keyfob::server::signin {

/// One `[[resource_server]]` of the configuration: a service that may ask whose an access token is (RFC 7662).
struct ResourceServer {
    std::string id;
    platform::SecretString secret;
};

/// Who may introspect. Without any, introspection is off. Fixed after the start; thread-safe.
class ResourceServers {
public:
    ResourceServers() = default;
    explicit ResourceServers(std::vector<ResourceServer> servers) : m_servers(std::move(servers)) {}

    [[nodiscard]] bool knows(std::string_view id, std::string_view secret) const;
    [[nodiscard]] bool empty() const { return m_servers.empty(); }

private:
    std::vector<ResourceServer> m_servers;
};

} // namespace keyfob::server::signin
