#include "server/identity/presets.h"
#include "server/identity/provider_factory.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_issuer.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using Object = Poco::JSON::Object;
using namespace keyfob::server::identity;

namespace {

constexpr const char* k_tenant = "11111111-2222-3333-4444-555555555555";
constexpr const char* k_other_tenant = "99999999-2222-3333-4444-555555555555";
const std::string k_entra = "https://login.microsoftonline.com/" + std::string(k_tenant) + "/v2.0";
const server::signin::UpstreamAttempt k_attempt{"state-1", "nonce-1", "verifier-1"};

std::string issuer(const std::string& kind, const std::string& given = "", const std::string& tenant = "") {
    const auto made = issuer_of(*find_preset(kind), given, tenant);
    return made ? *made : "refused";
}

Poco::JSON::Array::Ptr texts(std::initializer_list<std::string> values) {
    Poco::JSON::Array::Ptr array(new Poco::JSON::Array);
    for (const std::string& value : values)
        array->add(value);
    return array;
}

/// A provider of some kind, which says what the test lets it say.
struct Bench {
    fakes::ManualClock clock;
    fakes::ScriptedIssuer wire;
    ProviderSettings settings;

    explicit Bench(const std::string& kind, const std::string& name = "https://login.example") : wire(clock, name) {
        settings.id = "p";
        settings.kind = kind;
        settings.client_id = "client-1";
        if (kind == "microsoft")
            settings.tenant = k_tenant;
        else
            settings.issuer = name;
    }
    [[nodiscard]] std::unique_ptr<server::signin::IdentityProvider> provider() {
        return std::move(make_provider(std::move(settings), "https://keyfob.example/callback/p", clock, wire.fetcher()))
            .value();
    }
    [[nodiscard]] platform::Result<server::signin::Identity> complete() {
        return provider()->complete(k_attempt, "code-1", "");
    }
};

fakes::ScriptedIssuer::Change entra_claims(const std::string& tenant = k_tenant) {
    return [tenant](Object& claims) {
        claims.set("tid", tenant);
        claims.set("oid", "object-1");
    };
}

} // namespace

TEST_CASE("RP-08 the issuer of each kind") {
    CHECK(issuer("google") == "https://accounts.google.com");
    CHECK(issuer("google", "https://evil.example") == "refused");
    CHECK(issuer("github") == "https://github.com");
    CHECK(issuer("github", "https://github.company.example//") == "https://github.company.example");
    CHECK(issuer("gitlab") == "https://gitlab.com");
    CHECK(issuer("okta", "https://company.okta.com/") == "https://company.okta.com");
    CHECK(issuer("okta") == "refused");
    CHECK(issuer("auth0", "https://company.eu.auth0.com") ==
          "https://company.eu.auth0.com/"); // its tokens have the slash
    CHECK(issuer("keycloak", "https://sso.example/realms/staff/") == "https://sso.example/realms/staff");
    CHECK(issuer("oidc", "https://login.example/") == "https://login.example/"); // letter by letter
    CHECK(issuer("oidc", "https://login.example", k_tenant) == "refused");
    CHECK(find_preset("saml") == nullptr);
}

TEST_CASE("RP-12 an Entra tenant is one tenant, by its id") {
    CHECK(issuer("microsoft", "", k_tenant) == k_entra);
    CHECK(issuer("microsoft", k_entra, k_tenant) == k_entra); // what it is already
    CHECK(issuer("microsoft", "https://login.example", k_tenant) == "refused");
    for (const std::string& bad : std::vector<std::string>{
             "", "common", "organizations", "consumers", "example.com", std::string(k_tenant) + "0",
             "11111111-2222-3333-4444-55555555555G", "../../evil.example/tenant-of-36-letters-x"})
        CHECK(issuer("microsoft", "", bad) == "refused");
}

TEST_CASE("RP-12 RP-13 Entra: the object id is the person, and its addresses prove nothing") {
    Bench bench("microsoft", k_entra);
    bench.wire.change_claims = entra_claims();
    const auto identity = bench.complete();
    REQUIRE(identity);
    CHECK(identity->subject == "object-1");
    CHECK(identity->issuer == k_entra);
    CHECK(identity->email == "ada@example.org");
    CHECK_FALSE(identity->email_verified); // though the claim says true (nOAuth)
}

TEST_CASE("RP-12 Entra: a token of another tenant, or without an object id, is refused") {
    Bench other("microsoft", k_entra);
    other.wire.change_claims = entra_claims(k_other_tenant);
    CHECK_THAT(other.complete().error().message, Catch::Contains("another tenant"));
    Bench without("microsoft", k_entra);
    without.wire.change_claims = [](Object& claims) { claims.set("tid", k_tenant); };
    CHECK_THAT(without.complete().error().message, Catch::Contains("no oid"));
}

TEST_CASE("Entra: too many groups to be told are no groups to decide by") {
    Bench bench("microsoft", k_entra);
    bench.settings.needs_groups = true;
    bench.wire.change_claims = [](Object& claims) {
        entra_claims()(claims);
        Object::Ptr names(new Object);
        names->set("groups", "src1");
        claims.set("_claim_names", names);
    };
    CHECK_THAT(bench.complete().error().message, Catch::Contains("more groups"));
}

TEST_CASE("RP-14 a hosted domain is what Google's id_token says, and no other provider's") {
    const auto hosted = [](const std::string& kind, const std::string& name) {
        Bench bench(kind, name);
        bench.wire.change_claims = [](Object& claims) { claims.set("hd", "example.com"); };
        return bench.complete()->hosted_domain;
    };
    CHECK(hosted("google", "https://accounts.google.com") == "example.com");
    CHECK(hosted("oidc", "https://login.example").empty());
    Bench bench("google", "https://accounts.google.com");
    bench.wire.change_claims = [](Object& claims) { claims.remove("name"); };
    bench.wire.change_user_info = [](Object& claims) { claims.set("hd", "example.com"); };
    CHECK(bench.complete()->hosted_domain.empty());
}

TEST_CASE("groups come from their claim, of the id_token or, where a rule needs them, of userinfo") {
    Bench direct("keycloak");
    direct.wire.change_claims = [](Object& claims) { claims.set("groups", texts({"staff", "admins"})); };
    CHECK(direct.complete()->groups == std::vector<std::string>{"staff", "admins"});

    Bench named("auth0", "https://login.example/");
    named.settings.groups_claim = "https://example.com/groups";
    named.wire.change_claims = [](Object& claims) { claims.set("https://example.com/groups", "staff"); };
    CHECK(named.complete()->groups == std::vector<std::string>{"staff"});

    for (const bool needed : {true, false}) {
        Bench later("gitlab", "https://gitlab.com");
        later.settings.needs_groups = needed;
        later.wire.change_user_info = [](Object& claims) { claims.set("groups", texts({"company/platform"})); };
        const auto identity = later.complete();
        CHECK(identity->groups == (needed ? std::vector<std::string>{"company/platform"} : std::vector<std::string>{}));
        CHECK(later.wire.count("/userinfo") == (needed ? 1 : 0));
    }

    Bench odd("oidc");
    Poco::JSON::Array::Ptr mixed(new Poco::JSON::Array);
    mixed->add("staff");
    mixed->add(7);
    odd.wire.change_claims = [mixed](Object& claims) { claims.set("groups", mixed); };
    CHECK(odd.complete()->groups.empty());
}

TEST_CASE("Okta is asked for groups where a rule speaks of them and its metadata have the scope") {
    const auto asks = [](bool needed, bool announced) {
        Bench bench("okta");
        bench.settings.needs_groups = needed;
        if (announced)
            bench.wire.change_metadata = [](Object& metadata) {
                metadata.set("scopes_supported", texts({"openid", "groups"}));
            };
        const auto url = bench.provider()->authorization_url(k_attempt);
        return url->find("email%20groups") != std::string::npos || url->find("email+groups") != std::string::npos;
    };
    CHECK(asks(true, true));
    CHECK_FALSE(asks(true, false)); // a custom authorization server would refuse the whole request
    CHECK_FALSE(asks(false, true));
}

TEST_CASE("RP-13 Google vouches for its own addresses and those of a hosted domain, and for no others") {
    const auto verified = [](const std::string& email, bool hosted, bool in_user_info = false) {
        Bench bench("google", "https://accounts.google.com");
        bench.wire.change_claims = [=](Object& claims) {
            if (hosted)
                claims.set("hd", "example.com");
            if (in_user_info)
                claims.remove("email");
            else
                claims.set("email", email);
        };
        bench.wire.change_user_info = [=](Object& claims) { claims.set("email", email); };
        return bench.complete()->email_verified;
    };
    CHECK(verified("ann@example.com", true));
    CHECK(verified("ann@gmail.com", false));
    CHECK(verified("ann@Gmail.COM", false));
    CHECK_FALSE(verified("eve@example.com", false)); // a private account that once had the address
    CHECK_FALSE(verified("eve@example.com", false, true));
    CHECK_FALSE(verified("eve@notgmail.com", false));
    CHECK_FALSE(verified("@gmail.com", false));
}

TEST_CASE("what somebody's claims would mean can be asked without them") {
    Bench entra("microsoft", k_entra);
    const auto identity = entra.provider()->believe(
        R"({"sub":"1","oid":"object-1","tid":"11111111-2222-3333-4444-555555555555","email":"a@b.example","email_verified":true,"groups":["g"]})");
    REQUIRE(identity);
    CHECK(identity->subject == "object-1");
    CHECK_FALSE(identity->email_verified);
    CHECK(identity->groups == std::vector<std::string>{"g"});
    Bench plain("oidc");
    const auto provider = plain.provider();
    CHECK_FALSE(provider->believe("{}"));
    CHECK_FALSE(provider->believe(R"({"sub":""})"));
    CHECK_FALSE(provider->believe("{\"sub\":\"" + std::string(256, 'x') + "\"}"));
    CHECK_FALSE(provider->believe("[1]"));
    CHECK_FALSE(provider->believe(""));
    CHECK(plain.wire.count("/token") == 0);
}
