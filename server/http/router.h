#pragma once

#include "platform/http/server.h"
#include "server/http/call.h"
#include "server/http/client_address.h"

namespace keyfob::server::http {

/// Finds the route of a request, makes the checks that the route table names, and calls the handler. Thread-safe.
class Router final : public platform::http::Application {
public:
    /// Both references must outlive it.
    Router(const Services& services, RateLimits& limits, TrustedProxies proxies)
        : m_services(services), m_limits(limits), m_proxies(std::move(proxies)) {}

    [[nodiscard]] Admission admit(const platform::http::Request& head) override;
    [[nodiscard]] platform::http::Response handle(const platform::http::Request& request) override;

private:
    [[nodiscard]] bool is_demo(const platform::http::Request& request) const;
    [[nodiscard]] std::optional<platform::http::Response> check_rate(const Route& route, const Call& call);
    [[nodiscard]] platform::http::Response run(const Route& route, Call& call);
    const Services& m_services;
    RateLimits& m_limits;
    TrustedProxies m_proxies;
};

} // namespace keyfob::server::http
