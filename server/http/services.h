#pragma once

#include "platform/clock.h"
#include "platform/http/message.h"
#include "server/signin/device_service.h"
#include "server/signin/dpop_gate.h"
#include "server/signin/pairing_service.h"
#include "server/signin/providers.h"
#include "server/signin/resource_servers.h"
#include "server/signin/session_service.h"
#include "server/signin/store.h"
#include "server/signin/token_service.h"
#include "server/signin/upstream_logout.h"

#include <functional>
#include <optional>
#include <string>

namespace keyfob::server::http {

/// Everything that a handler may use; made once by the composition root and shared by all threads.
struct Services {
    std::string
        external_url; ///< scheme and authority, no path, no final slash: the issuer and the base of every URL that we emit (RP-01)
    bool secure = false; ///< external_url is https
    signin::PairingService& pairings;
    signin::SessionService& sessions;
    signin::DpopGate& proofs;
    const signin::Providers& providers;
    const platform::Clock& clock;
    signin::Store& store;
    const signin::Clients& clients;
    const signin::ResourceServers& resource_servers;
    signin::TokenService& tokens;
    signin::UpstreamLogout& upstream_logout;
    signin::DeviceService* devices; ///< the device grant; null where it is off
    /// The built-in provider of --demo, mounted below /demo/; empty otherwise. nullopt: the path is none of its own.
    std::function<std::optional<platform::http::Response>(const platform::http::Request&)> demo;

    [[nodiscard]] std::string cookie_name() const { return secure ? "__Host-keyfob" : "keyfob"; }
    [[nodiscard]] std::string flow_cookie_prefix() const { return cookie_name() + "-flow-"; }
};

} // namespace keyfob::server::http
