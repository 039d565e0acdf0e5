#pragma once

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/ec_key.h"
#include "platform/jose/jwt.h"
#include "platform/jose/preflight.h"
#include "platform/json.h"
#include "server/signin/pairing_service.h"
#include "server/signin/session_service.h"
#include "server/signin/token_service.h"
#include "tests/fakes/fake_provider.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/must.h"
#include "tests/unit/server/storage/fixture.h"

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace keyfob::server::signin::tests {

using keyfob::tests::must;

inline const std::string k_issuer = "https://id.example.com";
inline const std::string k_refresh_url = k_issuer + "/session/refresh";

inline std::string random_token() {
    return platform::SystemRandom().token();
}

/// What an agent holds for one attempt.
struct Device {
    platform::jose::EcKey key = platform::jose::EcKey::generate();
    std::string verifier = random_token();
    std::string state = random_token();
    std::string redirect_uri = "http://127.0.0.1:40001/cb/" + random_token();

    /// Another attempt by the same key, as each opening of the start page makes one.
    [[nodiscard]] Device again() const { return Device{key}; }
    [[nodiscard]] std::string challenge() const { return platform::base64url_encode(platform::sha256(verifier)); }
    [[nodiscard]] PushedRequest request() const {
        return {platform::json::to_text(*key.public_jwk()),
                key.thumbprint(),
                "Ann's laptop",
                "Debian 12",
                "192.0.2.1",
                challenge(),
                redirect_uri,
                state};
    }
    [[nodiscard]] RedeemRequest redeem(const std::string& code) const {
        return {code, verifier, redirect_uri, key.thumbprint()};
    }
    /// The agent's answer when the browser brings it the server's question (AS-08).
    [[nodiscard]] std::string answer(const std::string& preflight_url, const std::string& request_uri) const {
        const auto question = must(platform::Parameters::parse(must(platform::Url::parse(preflight_url)).query));
        return platform::jose::sign_preflight(key,
                                              {k_issuer, question.get("challenge"), platform::secret_hash(request_uri)},
                                              platform::from_unix(storage::tests::k_now));
    }
    /// The JWS that answers a challenge.
    [[nodiscard]] std::string proof(const std::string& challenge, const std::string& audience = k_refresh_url,
                                    const std::string& type = "dbsc+jwt") const {
        Poco::JSON::Object header;
        header.set("typ", type);
        Poco::JSON::Object payload;
        payload.set("jti", challenge);
        payload.set("aud", audience);
        payload.set("iat", storage::tests::k_now);
        return platform::jose::sign_jwt(key, header, payload);
    }
};

/// Holds the flow cookies of one browser.
class Browser {
public:
    void keep(const Flow& flow) { m_cookies[flow.pairing.flow_id] = flow.secret.cookie_text(); }
    void copy(const Browser& other) { m_cookies = other.m_cookies; }
    [[nodiscard]] FlowCookie cookie() const {
        return [cookies = m_cookies](const std::string& flow_id) -> std::optional<std::string> {
            const auto found = cookies.find(flow_id);
            return found == cookies.end() ? std::nullopt : std::optional(found->second);
        };
    }

private:
    std::map<std::string, std::string> m_cookies;
};

inline std::vector<AllowRule> anyone() {
    return {{"company", AllowRule::Anyone{}}, {"elsewhere", AllowRule::Anyone{}}};
}

inline Settings settings() {
    Settings settings;
    settings.issuer = k_issuer;
    return settings;
}

/// The two services on a real database, two providers, and time that stands still.
struct Fixture {
    explicit Fixture(std::vector<AllowRule> allow = anyone(), storage::StoreOptions options = {})
        : database(std::move(options)), providers(make_providers()), rules(std::move(allow)) {}

    std::string push(const Device& device) { return must(pairings.push(device.request())).request_uri; }
    Begun begin(const std::string& request_uri, Browser& browser) {
        Begun begun = must(pairings.begin(request_uri, "198.51.100.7"));
        browser.keep(begun.flow);
        return begun;
    }
    Flow to_proven(const Device& device, Browser& browser) {
        const std::string request_uri = push(device);
        const Begun begun = begin(request_uri, browser);
        return must(pairings.prove(device.answer(begun.preflight_url, request_uri), browser.cookie()));
    }
    /// The query of the callback after `name` signed in at the provider.
    platform::Parameters answer(const Flow& flow, const std::string& name) {
        return company->sign_in(must(pairings.provider_url(flow, "company")), company->person(name));
    }
    Flow to_identified(const Device& device, Browser& browser, const std::string& name = "ann") {
        Flow flow = to_proven(device, browser);
        const auto outcome = must(pairings.finish_upstream("company", answer(flow, name), browser.cookie()));
        if (outcome.flow_id != flow.pairing.flow_id)
            throw std::runtime_error("no confirmation follows: " + outcome.agent_url);
        return flow;
    }
    platform::Result<std::string> decide(const Flow& flow, const Browser& browser, bool approve) {
        return pairings.decide(flow.pairing.flow_id, browser.cookie(), flow.secret.csrf_token(), approve);
    }
    /// The code that the agent gets.
    std::string to_approved(const Device& device, Browser& browser, const std::string& name = "ann") {
        const Flow flow = to_identified(device, browser, name);
        return parameters_of(must(decide(flow, browser, true))).get("code");
    }
    IssuedCookie to_session(const Device& device, const std::string& name = "ann") {
        Browser browser;
        return must(sessions.redeem(device.redeem(to_approved(device, browser, name))));
    }

    static platform::Parameters parameters_of(const std::string& url) {
        return must(platform::Parameters::parse(must(platform::Url::parse(url)).query));
    }
    PairingState state_of(const Flow& flow) {
        return must(database.store->find_flow(flow.pairing.flow_id)).value().state;
    }
    bool is_live(const IssuedCookie& issued) {
        return must(sessions.authenticate(std::string(issued.cookie.reveal()))) != nullptr;
    }
    void disable_everybody() {
        must(database.other()->write(
            [](storage::Connection& connection) { return connection.execute("UPDATE users SET disabled = 1"); }));
    }
    void advance(std::int64_t seconds) { clock.advance(std::chrono::seconds{seconds}); }

    storage::tests::Fixture database;
    platform::SystemRandom random;
    fakes::ManualClock clock{storage::tests::k_now};
    fakes::FakeProvider* company = nullptr;
    fakes::FakeProvider* elsewhere = nullptr;
    Providers providers;
    AllowRules rules;
    PairingService pairings{settings(), *database.store, providers, rules, clock, random};
    SessionService sessions{settings(), *database.store, clock, random};
    Clients clients; ///< none, unless a test has some
    TokenService tokens{settings(), *database.store, clients, clock, random};

private:
    std::vector<std::unique_ptr<IdentityProvider>> make_providers() {
        auto first = std::make_unique<fakes::FakeProvider>("company");
        auto second = std::make_unique<fakes::FakeProvider>("elsewhere");
        company = first.get();
        elsewhere = second.get();
        std::vector<std::unique_ptr<IdentityProvider>> all;
        all.push_back(std::move(first));
        all.push_back(std::move(second));
        return all;
    }
};

} // namespace keyfob::server::signin::tests
