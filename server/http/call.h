#pragma once

#include "platform/http/message.h"
#include "platform/http/server.h"
#include "platform/jose/dpop.h"
#include "platform/url.h"
#include "server/http/rate_limits.h"
#include "server/http/services.h"

#include <optional>
#include <string>

namespace keyfob::server::http {

/// One request that has passed the checks of its route.
struct Call {
    const platform::http::Request& request;
    const Services& services;
    std::string client_address; ///< behind trusted proxies: the one that they saw
    platform::Parameters query;
    platform::Parameters form;                      ///< POST
    std::optional<platform::jose::DpopProof> proof; ///< Caller::agent, and Caller::client when it is the agent
    signin::SessionPtr signed_in;                   ///< Caller::signed_in and cookie_or_token
    const signin::Client* client = nullptr;         ///< Caller::client: a standard client; null: our agent

    const signin::ResourceServer* resource_server = nullptr; ///< Caller::resource_server

    [[nodiscard]] signin::FlowCookie flow_cookie() const {
        return [this](const std::string& flow_id) { return request.cookie(services.flow_cookie_prefix() + flow_id); };
    }
};

using Handler = platform::http::Response (*)(const Call& call);

/// Who may call a route; the router checks it before the handler runs.
enum class Caller {
    anyone, ///< nothing is checked, and nothing secret is told
    agent,  ///< POST of a form by our own client, with a DPoP proof of a device key; the handler checks whose key it is
    client, ///< the same, or a POST of a form by a standard client, which has no key and so no proof
    resource_server, ///< POST of a form by a service that the configuration knows, with its secret
    provider,  ///< POST of a form by an identity provider; the handler checks the token in it (back-channel logout)
    device,    ///< the handler checks the proof of the session's device key (renewal)
    browser,   ///< a navigation of a whole tab, never HEAD, a frame or a fetch; POST only from our own pages (SE-15)
    signed_in, ///< a live session cookie
    cookie_or_token, ///< that, or the access token of a standard client: where somebody says who they are, and can change nothing
};

struct Route {
    const char* method;
    const char* path;
    bool below; ///< one more segment follows the path
    Caller caller;
    Limit limit; ///< counted by address, before the caller is looked at
    platform::http::Pool pool;
    Handler handler;
};

} // namespace keyfob::server::http
