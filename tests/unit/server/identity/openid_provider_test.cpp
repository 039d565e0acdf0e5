#include "platform/url.h"
#include "server/identity/provider_factory.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_issuer.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using platform::ErrorKind;
using platform::SecretString;
using server::identity::ProviderSettings;
using server::signin::UpstreamAttempt;
using Object = Poco::JSON::Object;

namespace {

constexpr const char* k_redirect_uri = "https://keyfob.example/callback/company";
const UpstreamAttempt k_attempt{"state-1", "nonce-1", "verifier-1"};

struct Bench {
    fakes::ManualClock clock;
    fakes::ScriptedIssuer issuer{clock};
    ProviderSettings settings;

    Bench() {
        settings.id = "company";
        settings.kind = "oidc";
        settings.display_name = "Company";
        settings.issuer = issuer.issuer;
        settings.client_id = "client-1";
    }
    [[nodiscard]] std::unique_ptr<server::signin::IdentityProvider> provider() {
        return std::move(server::identity::make_provider(std::move(settings), k_redirect_uri, clock, issuer.fetcher()))
            .value();
    }
    [[nodiscard]] platform::Parameters token_form() const {
        return platform::Parameters::parse(issuer.last("/token").body).value();
    }
    void offer_auth_methods(std::initializer_list<const char*> methods) {
        Poco::JSON::Array::Ptr list(new Poco::JSON::Array);
        for (const char* method : methods)
            list->add(std::string(method));
        issuer.change_metadata = [list](Object& object) { object.set("token_endpoint_auth_methods_supported", list); };
    }
};

platform::Parameters query_of(const std::string& url) {
    return platform::Parameters::parse(platform::Url::parse(url).value().query).value();
}

} // namespace

TEST_CASE("RP-01 RP-03 RP-05 RP-20 the authorization request") {
    Bench bench;
    bench.settings.client_secret = SecretString("s3cret");
    const auto url = bench.provider()->authorization_url(k_attempt);
    REQUIRE(url);
    CHECK(url->starts_with("https://login.example/authorize?"));
    const auto query = query_of(*url);
    CHECK(query.get("response_type") == "code");
    CHECK(query.get("client_id") == "client-1");
    CHECK(query.get("redirect_uri") == k_redirect_uri);
    CHECK(query.get("scope") == "openid profile email");
    CHECK(query.get("state") == "state-1");
    CHECK(query.get("nonce") == "nonce-1");
    CHECK(query.get("code_challenge_method") == "S256");
    CHECK(query.get("code_challenge") == platform::base64url_encode(platform::sha256("verifier-1")));
    CHECK(query.all().size() == 8); // RP-19: no secret, no verifier
}

TEST_CASE("RP-04 without PKCE only where the configuration says so") {
    Bench bench;
    bench.settings.pkce_unsupported = true;
    const auto provider = bench.provider();
    const auto url = provider->authorization_url(k_attempt);
    REQUIRE(url);
    CHECK(query_of(*url).find("code_challenge") == nullptr);
    REQUIRE(provider->complete(k_attempt, "code-1", ""));
    CHECK(bench.token_form().find("code_verifier") == nullptr);
}

TEST_CASE("a complete sign-in") {
    Bench bench;
    bench.issuer.change_claims = [](Object& object) {
        object.set("hd", "example.org");
        Poco::JSON::Array::Ptr groups(new Poco::JSON::Array);
        groups->add("admins");
        groups->add("staff");
        object.set("groups", groups);
    };
    const auto provider = bench.provider();
    CHECK(provider->id() == "company");
    CHECK(provider->display_name() == "Company");
    CHECK_FALSE(provider->ready());
    const auto identity = provider->complete(k_attempt, "code-1", "");
    REQUIRE(identity);
    CHECK(provider->ready());
    CHECK(identity->issuer == "https://login.example");
    CHECK(identity->subject == "subject-1");
    CHECK(identity->name == "Ada");
    CHECK(identity->email == "ada@example.org");
    CHECK(identity->email_verified);
    const std::vector<std::pair<std::string, std::string>> claims{
        {"groups", "admins"}, {"groups", "staff"}, {"hd", "example.org"}, {"name", "Ada"}};
    CHECK(identity->claims == claims); // nothing about the token, and no e-mail past its own rule (RP-13)
    CHECK(bench.issuer.count("/userinfo") == 0);
    const auto form = bench.token_form();
    CHECK(form.get("grant_type") == "authorization_code");
    CHECK(form.get("code") == "code-1");
    CHECK(form.get("code_verifier") == "verifier-1");
    CHECK(form.get("redirect_uri") == k_redirect_uri);
}

TEST_CASE("RP-19 client authentication") {
    Bench bench;
    const auto sent = [&](const char* secret) {
        bench.settings.client_id = "client-1";
        bench.settings.client_secret = SecretString(secret);
        auto provider = bench.provider();
        static_cast<void>(provider->complete(k_attempt, "code-1", ""));
        return bench.issuer.last("/token");
    };
    SECTION("client-secret-basic, with both halves form-encoded") {
        const auto request = sent("p:ss w%rd+é");
        REQUIRE(request.headers.find("Authorization") != nullptr);
        // client-1:p%3Ass%20w%25rd%2B%C3%A9
        CHECK(*request.headers.find("Authorization") == "Basic Y2xpZW50LTE6cCUzQXNzJTIwdyUyNXJkJTJCJUMzJUE5");
        CHECK(bench.token_form().find("client_secret") == nullptr);
    }
    SECTION("a long secret is one line") {
        const auto request = sent(std::string(200, 'x').c_str());
        CHECK(request.headers.find("Authorization")->find_first_of("\r\n") == std::string::npos);
    }
    SECTION("client_secret_post where that is all there is") {
        bench.offer_auth_methods({"client_secret_post"});
        const auto request = sent("p&ss");
        CHECK(request.headers.find("Authorization") == nullptr);
        CHECK(bench.token_form().get("client_secret") == "p&ss");
        CHECK(bench.token_form().get("client_id") == "client-1");
        CHECK(request.url.query.empty());
    }
    SECTION("a public client sends its id alone") {
        const auto request = sent("");
        CHECK(request.headers.find("Authorization") == nullptr);
        CHECK(bench.token_form().get("client_id") == "client-1");
        CHECK(bench.token_form().find("client_secret") == nullptr);
    }
    SECTION("no way that both know") {
        bench.offer_auth_methods({"private_key_jwt"});
        CHECK(sent("secret").method.empty()); // nothing was sent
    }
}

TEST_CASE("RP-06 an answer that names another issuer is refused before the code is used") {
    Bench bench;
    const auto provider = bench.provider();
    for (const char* other : {"https://evil.example", "https://login.example/", "login.example"}) {
        const auto identity = provider->complete(k_attempt, "code-1", other);
        REQUIRE(!identity);
        CHECK(identity.error().kind == ErrorKind::invalid);
        CHECK_FALSE(provider->accepts_issuer(other));
    }
    CHECK(bench.issuer.count("/token") == 0);
    CHECK(provider->complete(k_attempt, "code-1", "https://login.example"));
}

TEST_CASE("RP-06 remove-authorization-response-iss: a provider that always names itself must do so") {
    Bench bench;
    bench.issuer.change_metadata = [](Object& object) {
        object.set("authorization_response_iss_parameter_supported", true);
    };
    const auto provider = bench.provider();
    const auto identity = provider->complete(k_attempt, "code-1", "");
    REQUIRE(!identity);
    CHECK(bench.issuer.count("/token") == 0);
    CHECK_FALSE(provider->accepts_issuer("")); // on error answers too
    CHECK(provider->accepts_issuer("https://login.example"));
}

TEST_CASE("RP-23 a code is sent once, whatever comes back") {
    Bench bench;
    const auto provider = bench.provider();
    const auto complete_with = [&](std::function<platform::Result<fakes::ClientResponse>()> answer) {
        bench.issuer.answers["/token"] = std::move(answer);
        const std::size_t before = bench.issuer.count("/token");
        const auto identity = provider->complete(k_attempt, "code-1", "");
        REQUIRE(!identity);
        CHECK(bench.issuer.count("/token") == before + 1);
        return identity.error();
    };
    CHECK(complete_with([] { return fakes::json_answer("", 503); }).kind == ErrorKind::unreachable);
    CHECK(complete_with([]() -> platform::Result<fakes::ClientResponse> {
              return platform::Error{ErrorKind::timed_out, "too slow"};
          }).kind == ErrorKind::timed_out);
    CHECK(complete_with([] { return fakes::json_answer("no json"); }).kind == ErrorKind::invalid);
    CHECK(complete_with([] { return fakes::json_answer("{}", 302); }).kind == ErrorKind::invalid);
    const auto refused = complete_with(
        [] { return fakes::json_answer(R"({"error":"invalid_grant","error_description":"used\u001b[31m"})", 400); });
    CHECK(refused.kind == ErrorKind::denied);
    CHECK_THAT(refused.message, Catch::Contains("invalid_grant"));
    CHECK(refused.message.find('\x1b') == std::string::npos); // CL-02
}

TEST_CASE("RP-11 userinfo is asked when the id_token says too little, with the token in the header") {
    Bench bench;
    bench.issuer.change_claims = [](Object& object) {
        object.remove("email");
        object.remove("email_verified");
    };
    const auto identity = bench.provider()->complete(k_attempt, "code-1", "");
    REQUIRE(identity);
    CHECK(identity->name == "Ada"); // the id_token's word counts first
    CHECK(identity->email == "ada@userinfo.example");
    CHECK(identity->email_verified);
    const auto request = bench.issuer.last("/userinfo");
    CHECK(request.method == "GET");
    CHECK(request.url.query.empty());
    REQUIRE(request.headers.find("Authorization") != nullptr);
    CHECK(*request.headers.find("Authorization") == "Bearer access-1");
}

TEST_CASE("RP-11 userinfo-signed is not taken for JSON") {
    Bench bench;
    bench.issuer.change_claims = [](Object& object) { object.remove("name"); };
    bench.issuer.answers["/userinfo"] = [] {
        auto answer = fakes::json_answer("{\"sub\":\"subject-1\"}");
        answer.headers.set("Content-Type", "application/jwt");
        return answer;
    };
    CHECK(!bench.provider()->complete(k_attempt, "code-1", ""));
}

TEST_CASE("RP-13 an e-mail is verified when the claim is true and nothing else") {
    Bench bench;
    const auto verified = [&](const Poco::Dynamic::Var& value) {
        bench.issuer.change_claims = [value](Object& object) { object.set("email_verified", value); };
        bench.settings.id = "company";
        bench.settings.kind = "oidc";
        bench.settings.issuer = bench.issuer.issuer;
        bench.settings.client_id = "client-1";
        const auto identity = bench.provider()->complete(k_attempt, "code-1", "");
        REQUIRE(identity);
        CHECK(identity->email == "ada@example.org");
        return identity->email_verified;
    };
    CHECK(verified(true));
    CHECK_FALSE(verified(false));
    CHECK_FALSE(verified(std::string("true")));
    CHECK_FALSE(verified(1));
    CHECK_FALSE(verified(Poco::Dynamic::Var()));
}

TEST_CASE("RP-13 userinfo cannot verify the address of the id_token") {
    Bench bench;
    bench.issuer.change_claims = [](Object& object) {
        object.remove("name");
        object.set("email_verified", false);
    };
    const auto identity = bench.provider()->complete(k_attempt, "code-1", "");
    REQUIRE(identity);
    CHECK(identity->email == "ada@example.org");
    CHECK_FALSE(identity->email_verified);
}

TEST_CASE("names and addresses are bounded") {
    Bench bench;
    bench.issuer.change_claims = [](Object& object) {
        std::string name(199, 'n');
        name += "éé";
        object.set("name", name);
        object.set("email", std::string(250, 'e') + "@x.example");
    };
    bench.issuer.change_user_info = [](Object& object) { object.set("email", "a b@x.example"); };
    const auto identity = bench.provider()->complete(k_attempt, "code-1", "");
    REQUIRE(identity);
    CHECK(identity->name == std::string(199, 'n'));
    CHECK(identity->email.empty());
    CHECK_FALSE(identity->email_verified);
}

TEST_CASE("a provider that is away stays away by itself") {
    Bench bench;
    bench.issuer.answers["/.well-known/openid-configuration"] = []() -> platform::Result<fakes::ClientResponse> {
        return platform::Error{ErrorKind::timed_out, "too slow"};
    };
    const auto provider = bench.provider(); // made all the same
    const auto url = provider->authorization_url(k_attempt);
    REQUIRE(!url);
    CHECK(url.error().kind == ErrorKind::timed_out);
    CHECK_FALSE(provider->ready());
}
