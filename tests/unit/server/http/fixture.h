#pragma once

#include "server/api/routes.h"
#include "server/http/router.h"
#include "server/signin/dpop_gate.h"
#include "tests/unit/server/signin/fixture.h"

#include <catch2/catch.hpp>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace keyfob::server::http::tests {

using platform::Parameters;
using platform::http::Request;
using platform::http::Response;
using signin::tests::Device;
using signin::tests::k_issuer;
using signin::tests::must;
using signin::tests::random_token;

inline const std::string k_form = "application/x-www-form-urlencoded";

inline Parameters parameters(const std::vector<std::pair<std::string, std::string>>& values) {
    Parameters all;
    for (const auto& [name, value] : values)
        all.add(name, value);
    return all;
}

inline Request get(const std::string& path, const std::string& query = {}) {
    Request request;
    request.method = "GET";
    request.path = path;
    request.query = query;
    request.peer_address = "198.51.100.7";
    request.request_id = "request-1";
    return request;
}

inline Request post(const std::string& path, const Parameters& form) {
    Request request = get(path);
    request.method = "POST";
    request.headers.set("Content-Type", k_form);
    request.body = form.encode();
    return request;
}

/// The form of our confirmation page as a browser sends it.
inline Request own_post(const std::string& path, const Parameters& form) {
    Request request = post(path, form);
    request.headers.set("Sec-Fetch-Site", "same-origin");
    request.headers.set("Sec-Fetch-Mode", "navigate");
    return request;
}

inline std::string header(const Response& response, const std::string& name) {
    const std::string* value = response.headers.find(name);
    return value == nullptr ? std::string() : *value;
}

inline std::string error_of(const Response& response) {
    const auto object = platform::json::parse_object(response.body);
    return object ? platform::json::get_string(**object, "error").value_or("") : "";
}

/// A jar that believes Set-Cookie, in the order in which browsers send it: the oldest first.
class Jar {
public:
    void keep(const Response& response) {
        for (const std::string_view field : response.headers.all("Set-Cookie")) {
            const std::string pair(field.substr(0, field.find(';')));
            const std::string name = pair.substr(0, pair.find('='));
            std::erase_if(m_cookies, [&](const auto& cookie) { return cookie.first == name; });
            if (field.find("Max-Age=0;") == std::string_view::npos)
                m_cookies.emplace_back(name, pair.substr(name.size() + 1));
        }
    }
    [[nodiscard]] Request with(Request request) const {
        std::string all;
        for (const auto& [name, value] : m_cookies)
            all += (all.empty() ? "" : "; ") + name + "=" + value;
        if (!all.empty())
            request.headers.set("Cookie", all);
        return request;
    }
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return m_cookies; }

private:
    std::vector<std::pair<std::string, std::string>> m_cookies;
};

/// The router with everything real behind it, but for the two providers and the time.
struct Site : signin::tests::Fixture {
    explicit Site(std::string url = k_issuer, std::vector<std::string> trusted = {}, storage::StoreOptions options = {})
        : Fixture(signin::tests::anyone(), std::move(options)), external_url(std::move(url)),
          router(services, limits, must(TrustedProxies::parse(trusted))) {}

    Response send(const Request& request) { return router.handle(request); }

    /// A request of the agent, with its proof.
    [[nodiscard]] Request proven(const Device& device, const std::string& path, const Parameters& form) const {
        Request request = post(path, form);
        request.headers.set("DPoP", platform::jose::make_dpop_proof(device.key, "POST", external_url + path,
                                                                    proofs.nonce(), random_token(), clock.now()));
        return request;
    }
    [[nodiscard]] static Parameters push_form(const Device& device) {
        return parameters({{"client_id", api::k_agent_client_id},
                           {"response_type", "code"},
                           {"redirect_uri", device.redirect_uri},
                           {"state", device.state},
                           {"code_challenge", device.challenge()},
                           {"code_challenge_method", "S256"},
                           {"device_name", "Ann's laptop"},
                           {"device_os", "Debian 12"}});
    }
    [[nodiscard]] static Parameters token_form(const Device& device, const std::string& code) {
        return parameters({{"grant_type", "authorization_code"},
                           {"client_id", api::k_agent_client_id},
                           {"code", code},
                           {"code_verifier", device.verifier},
                           {"redirect_uri", device.redirect_uri}});
    }
    [[nodiscard]] static std::string authorize_query(const std::string& request_uri) {
        return parameters({{"client_id", api::k_agent_client_id}, {"request_uri", request_uri}}).encode();
    }

    std::string external_url;
    signin::DpopGate proofs = must(signin::DpopGate::create(*database.store, clock));
    signin::ResourceServers resource_servers; ///< none, unless a test has some
    signin::UpstreamLogout upstream_logout{*database.store, providers, clock};
    Services services{external_url, external_url.starts_with("https:"),
                      pairings,     sessions,
                      proofs,       providers,
                      clock,        *database.store,
                      clients,      resource_servers,
                      tokens,       upstream_logout,
                      nullptr,      {}};
    RateLimits limits{RequestLimits{}, clock, random};
    Router router;
};

/// One person who signs in one device through the routes alone. Each step takes the one before.
struct Visit {
    Visit(Site& server, fakes::FakeProvider& chosen, std::string who = "ann")
        : site(server), provider(chosen), name(std::move(who)) {}

    /// Says at once what was not answered as it should.
    Response step(const Request& request, int status) {
        Response response = site.send(jar.with(request));
        jar.keep(response);
        if (response.status != status)
            throw std::runtime_error(request.path + " was answered " + std::to_string(response.status) + ": " +
                                     response.body);
        return response;
    }
    void push() {
        const Response response = site.send(site.proven(device, api::k_par_path, Site::push_form(device)));
        request_uri =
            platform::json::get_string(*must(platform::json::parse_object(response.body)), "request_uri").value_or("");
    }
    void authorize() {
        push();
        preflight_url = header(step(get(api::k_authorize_path, Site::authorize_query(request_uri)), 303), "Location");
        const std::string prefix = site.services.flow_cookie_prefix();
        flow_id = jar.all().back().first.substr(prefix.size());
        secret = jar.all().back().second;
    }
    [[nodiscard]] Request proof() const {
        return get(api::k_preflight_path, parameters({{"proof", device.answer(preflight_url, request_uri)}}).encode());
    }
    void prove() {
        authorize();
        const std::string again = header(step(proof(), 303), "Location");
        choices = step(get(api::k_authorize_path, "flow=" + flow_id), 200).body;
        if (again != k_issuer + "/authorize?flow=" + flow_id) // visits of many threads at once: no assertion here
            throw std::runtime_error("the browser was sent to " + again);
    }
    void choose() {
        prove();
        const Response response = step(get("/authorize/" + provider.id(), "flow=" + flow_id), 303);
        provider_url = header(response, "Location");
    }
    void come_back() {
        choose();
        answer = provider.sign_in(provider_url, provider.person(name));
        confirm_url = header(step(get("/callback/" + provider.id(), answer.encode()), 303), "Location");
    }
    void look() {
        come_back();
        page = step(get(api::k_confirm_path, "flow=" + flow_id), 200);
    }
    Request decision(const std::string& what) const {
        const std::string csrf = signin::FlowSecret::from_cookie(secret).value().csrf_token();
        return own_post(api::k_confirm_path, parameters({{"flow", flow_id}, {"csrf", csrf}, {"decision", what}}));
    }
    void approve() {
        come_back();
        agent_url = header(step(decision("approve"), 303), "Location");
        code = Site::parameters_of(agent_url).get("code");
    }
    Response redeem() { return site.send(site.proven(device, api::k_token_path, Site::token_form(device, code))); }
    /// The session cookie as the agent got it.
    std::string sign_in() {
        approve();
        token = redeem();
        const std::string field = header(token, "Set-Cookie");
        return field.substr(0, field.find(';'));
    }

    Site& site;
    fakes::FakeProvider& provider;
    std::string name;
    Device device = {};
    Jar jar = {};
    std::string request_uri = {}, preflight_url = {}, choices = {}, flow_id = {}, secret = {}, provider_url = {},
                confirm_url = {};
    Parameters answer = {};
    Response page = {};
    std::string agent_url = {}, code = {};
    Response token = {};
};

} // namespace keyfob::server::http::tests
