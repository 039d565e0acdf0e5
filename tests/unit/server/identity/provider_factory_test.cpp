#include "server/identity/provider_factory.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_issuer.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using server::identity::make_provider;
using server::identity::ProviderSettings;

namespace {

ProviderSettings settings_of(const std::string& kind, const std::string& issuer) {
    ProviderSettings settings;
    settings.id = "p";
    settings.kind = kind;
    settings.issuer = issuer;
    settings.client_id = "client-1";
    return settings;
}

constexpr const char* k_redirect_uri = "https://keyfob.example/callback/p";
constexpr const char* k_google = "https://accounts.google.com";

/// Whether a sign-in ends well when the id_token spells its issuer like this.
bool accepts_spelling(const std::string& kind, const std::string& spelling) {
    fakes::ManualClock clock;
    fakes::ScriptedIssuer issuer(clock, k_google);
    issuer.change_claims = [&](Poco::JSON::Object& claims) { claims.set("iss", spelling); };
    const auto provider = make_provider(settings_of(kind, k_google), k_redirect_uri, clock, issuer.fetcher());
    REQUIRE(provider);
    const auto identity = (*provider)->complete({"state-1", "nonce-1", "verifier-1"}, "code-1", "");
    if (identity)
        CHECK(identity->issuer == k_google); // RP-12: one spelling in the key of a user
    return identity.has_value();
}

} // namespace

TEST_CASE("RP-08 settings that can never work are refused at the start") {
    const fakes::ManualClock clock;
    const auto is_made = [&](ProviderSettings settings) {
        return make_provider(std::move(settings), k_redirect_uri, clock).has_value();
    };
    CHECK(is_made(settings_of("oidc", "https://login.example")));
    CHECK(is_made(settings_of("oidc", "https://login.example/tenant/v2.0")));
    CHECK(is_made(settings_of("google", "")));
    CHECK(is_made(settings_of("google", k_google)));
    CHECK(is_made(settings_of("github", "")));
    CHECK(is_made(settings_of("github", "https://github.company.example")));
    CHECK_FALSE(is_made(settings_of("oidc", "")));
    CHECK_FALSE(is_made(settings_of("oidc", "login.example")));
    CHECK_FALSE(is_made(settings_of("oidc", "http://login.example")));
    CHECK_FALSE(is_made(settings_of("oidc", "http://127.0.0.1:8420/demo")));
    CHECK_FALSE(is_made(settings_of("oidc", "https://login.example?x=1")));
    CHECK_FALSE(is_made(settings_of("oidc", "https://login.example#x")));
    CHECK_FALSE(is_made(settings_of("google", "https://login.example")));
    CHECK_FALSE(is_made(settings_of("github", "http://github.company.example")));
    CHECK_FALSE(is_made(settings_of("saml", "https://login.example")));
    auto anonymous = settings_of("oidc", "https://login.example");
    anonymous.client_id.clear();
    CHECK_FALSE(is_made(std::move(anonymous)));
}

TEST_CASE("RP-17 the demo provider's exemption does not leave loopback") {
    const fakes::ManualClock clock;
    const auto is_made = [&](const std::string& issuer) {
        auto settings = settings_of("oidc", issuer);
        settings.is_demo = true;
        return make_provider(std::move(settings), k_redirect_uri, clock).has_value();
    };
    CHECK(is_made("http://127.0.0.1:8420/demo"));
    CHECK(is_made("http://[::1]:8420/demo"));
    CHECK_FALSE(is_made("http://192.168.0.1:8420/demo"));
    CHECK_FALSE(is_made("http://localhost:8420/demo"));
}

TEST_CASE("RP-14 Google's old spelling of its issuer is accepted for the kind google alone") {
    CHECK(accepts_spelling("google", k_google));
    CHECK(accepts_spelling("google", "accounts.google.com"));
    CHECK_FALSE(accepts_spelling("google", "http://accounts.google.com"));
    CHECK(accepts_spelling("oidc", k_google));
    CHECK_FALSE(accepts_spelling("oidc", "accounts.google.com"));
}
