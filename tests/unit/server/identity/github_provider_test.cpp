#include "platform/url.h"
#include "server/identity/provider_factory.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_issuer.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using platform::ErrorKind;
using server::signin::Identity;

namespace {

constexpr const char* k_token = "/login/oauth/access_token";
constexpr const char* k_redirect_uri = "https://keyfob.example/callback/github";
const server::signin::UpstreamAttempt k_attempt{"state-1", "nonce-1", "verifier-1"};

struct Bench {
    fakes::ManualClock clock;
    fakes::ScriptedIssuer wire{clock}; // only its recorder and its table of answers are used
    std::string base;
    std::string api_path;
    bool needs_organizations = false;
    bool needs_teams = false;

    void answer(const std::string& path, const std::string& body, int status = 200) {
        wire.answers[path] = [body, status] { return fakes::json_answer(body, status); };
    }
    explicit Bench(std::string issuer = "") : base(std::move(issuer)), api_path(base.empty() ? "" : "/api/v3") {
        answer(k_token, R"({"access_token":"gho_1","token_type":"bearer","scope":"read:user,user:email"})");
        answer(api_path + "/user", R"({"id":583231,"login":"octocat","name":"Octo Cat","email":"public@example.org"})");
        answer(api_path + "/user/emails", R"([{"email":"old@example.org","primary":false,"verified":true},)"
                                          R"({"email":"cat@example.org","primary":true,"verified":true}])");
    }
    [[nodiscard]] std::unique_ptr<server::signin::IdentityProvider> provider() {
        server::identity::ProviderSettings settings;
        settings.id = "github";
        settings.kind = "github";
        settings.issuer = base;
        settings.client_id = "client-1";
        settings.client_secret = platform::SecretString("s3cret");
        settings.needs_organizations = needs_organizations;
        settings.needs_teams = needs_teams;
        return std::move(server::identity::make_provider(std::move(settings), k_redirect_uri, clock, wire.fetcher()))
            .value();
    }
    [[nodiscard]] platform::Result<Identity> complete(const std::string& issuer = "") {
        return provider()->complete(k_attempt, "code-1", issuer);
    }
};

} // namespace

TEST_CASE("RP-01 RP-03 GitHub: the authorization request") {
    Bench bench;
    const auto provider = bench.provider();
    CHECK(provider->ready());
    const auto url = provider->authorization_url(k_attempt);
    REQUIRE(url);
    CHECK(url->starts_with("https://github.com/login/oauth/authorize?"));
    const auto query = platform::Parameters::parse(platform::Url::parse(*url)->query).value();
    CHECK(query.get("client_id") == "client-1");
    CHECK(query.get("redirect_uri") == k_redirect_uri);
    CHECK(query.get("state") == "state-1");
    CHECK(query.get("scope") == "read:user user:email");
    CHECK(query.get("code_challenge") == platform::base64url_encode(platform::sha256("verifier-1")));
    CHECK(query.get("code_challenge_method") == "S256");
    CHECK(url->find("s3cret") == std::string::npos);
}

TEST_CASE("RP-12 RP-13 GitHub: the number is the person, the primary verified address is the e-mail") {
    Bench bench;
    const auto identity = bench.complete();
    REQUIRE(identity);
    CHECK(identity->issuer == "https://github.com");
    CHECK(identity->subject == "583231");
    CHECK(identity->name == "Octo Cat");
    CHECK(identity->email == "cat@example.org");
    CHECK(identity->email_verified);
    CHECK(identity->claims == std::vector<std::pair<std::string, std::string>>{{"login", "octocat"}});
    CHECK(bench.wire.last("/user").url.origin.text() == "https://api.github.com");
    CHECK(*bench.wire.last("/user").headers.find("Authorization") == "Bearer gho_1");
    const auto form = platform::Parameters::parse(bench.wire.last(k_token).body).value();
    CHECK(form.get("client_secret") == "s3cret");
    CHECK(form.get("code_verifier") == "verifier-1");
}

TEST_CASE("GitHub: an instance of a company's own") {
    Bench bench("https://github.company.example/");
    const auto identity = bench.complete("https://github.company.example/login/oauth");
    REQUIRE(identity);
    CHECK(identity->issuer == "https://github.company.example");
    CHECK(bench.wire.last("/api/v3/user").url.origin.host == "github.company.example");
}

TEST_CASE("RP-13 GitHub: an address that is not both primary and verified is none") {
    Bench bench;
    for (const char* rows : {R"([{"email":"a@x.example","primary":true,"verified":false}])",
                             R"([{"email":"a@x.example","primary":false,"verified":true}])",
                             R"([{"email":"a@x.example","primary":"true","verified":"true"}])",
                             R"([{"email":7,"primary":true,"verified":true}])", R"(["a@x.example", null])", "[]"}) {
        INFO(rows);
        bench.answer("/user/emails", rows);
        const auto identity = bench.complete();
        REQUIRE(identity);
        CHECK(identity->email.empty());
        CHECK_FALSE(identity->email_verified);
    }
}

TEST_CASE("GitHub: an error within a 200 answer is an error") {
    Bench bench;
    bench.answer(k_token, R"({"error":"bad_verification_code","error_description":"The code is incorrect"})");
    const auto identity = bench.complete();
    REQUIRE(!identity);
    CHECK(identity.error().kind == ErrorKind::denied);
    CHECK_THAT(identity.error().message, Catch::Contains("bad_verification_code"));
    CHECK(bench.wire.count(k_token) == 1); // RP-23
    CHECK(bench.wire.count("/user") == 0);
}

TEST_CASE("RP-12 GitHub: without a number there is nobody") {
    Bench bench;
    for (const char* user : {R"({"login":"octocat"})", R"({"id":"583231"})", R"({"id":0})", R"({"id":-5})",
                             R"({"id":1e9})", R"({"id":583231.5})", "[]", "null"}) {
        INFO(user);
        bench.answer("/user", user);
        const auto identity = bench.complete();
        REQUIRE(!identity);
        CHECK(identity.error().kind == ErrorKind::invalid);
    }
}

TEST_CASE("GitHub: answers that break off or are of another shape") {
    Bench bench;
    SECTION("no access token") {
        bench.answer(k_token, R"({"token_type":"bearer"})");
    }
    SECTION("the list of addresses is none") {
        bench.answer("/user/emails", R"({"message":"Not Found"})");
    }
    SECTION("the list of addresses closes its envelope") {
        bench.answer("/user/emails", R"([],"more":[{"email":"a@x.example","primary":true,"verified":true}])");
    }
    SECTION("the address list is refused") {
        bench.answer("/user/emails", "{}", 403);
    }
    const auto identity = bench.complete();
    REQUIRE(!identity);
    CHECK(identity.error().kind == ErrorKind::invalid);
}

TEST_CASE("RP-06 GitHub: an answer that names another issuer is refused before the code is used") {
    Bench bench;
    CHECK(!bench.complete("https://login.example"));
    CHECK(!bench.complete("https://github.com"));
    CHECK(bench.wire.count(k_token) == 0);
    CHECK(bench.complete("https://github.com/login/oauth"));
}

namespace {
std::string memberships(int count) {
    std::string rows;
    for (int i = 0; i < count; ++i)
        rows += std::string(rows.empty() ? "" : ",") + R"({"state":"active","organization":{"login":"org-)" +
                std::to_string(i) + "\"}}";
    return "[" + rows + "]";
}
} // namespace

TEST_CASE("GitHub: organizations and teams are asked for where a rule needs them, and invited is not a member") {
    Bench bench;
    bench.answer("/user/memberships/orgs",
                 R"([{"state":"active","organization":{"login":"octo-org"}},)"
                 R"({"state":"pending","organization":{"login":"evil-org"}},{"state":"active"}])");
    bench.answer("/user/teams", R"([{"slug":"platform","organization":{"login":"octo-org"}},{"slug":"lost"}])");
    const auto without = bench.complete();
    REQUIRE(without);
    CHECK(without->organizations.empty());
    CHECK(bench.wire.count("/user/memberships/orgs") == 0);
    bench.needs_organizations = bench.needs_teams = true;
    CHECK(bench.provider()->authorization_url(k_attempt)->find("read%3Aorg") != std::string::npos);
    const auto identity = bench.complete();
    REQUIRE(identity);
    CHECK(identity->organizations == std::vector<std::string>{"octo-org"});
    CHECK(identity->teams == std::vector<std::string>{"octo-org/platform"});
    CHECK(bench.wire.last("/user/memberships/orgs").url.query.find("state=active") != std::string::npos);
}

TEST_CASE("GitHub: all pages are read, by their number, and no list is endless") {
    Bench bench;
    bench.needs_organizations = true;
    int pages = 0;
    int last_page = 3;
    bench.wire.answers["/user/memberships/orgs"] = [&] {
        ++pages;
        auto answer = fakes::json_answer(memberships(pages < last_page ? 100 : 7));
        answer.headers.set("Link", "<https://evil.example/user/memberships/orgs?page=2>; rel=\"next\"");
        return answer;
    };
    CHECK(bench.complete()->organizations.size() == 207);
    CHECK(pages == 3);
    pages = 0;
    last_page = 1000;
    CHECK_THAT(bench.complete().error().message, Catch::Contains("no end"));
    CHECK(pages == 20);
}

TEST_CASE("GitHub: a limit that was reached may pass, and nobody is let in meanwhile") {
    Bench bench;
    bench.needs_teams = true;
    bench.wire.answers["/user/teams"] = [] {
        auto answer = fakes::json_answer(R"({"message":"API rate limit exceeded"})", 403);
        answer.headers.set("X-RateLimit-Remaining", "0");
        return answer;
    };
    const auto limited = bench.complete();
    REQUIRE_FALSE(limited);
    CHECK(limited.error().kind == ErrorKind::unreachable);
    bench.answer("/user/teams", R"({"message":"Resource not accessible"})", 403);
    CHECK(bench.complete().error().kind == ErrorKind::invalid);
    for (const char* bad : {"{}", "1", "null", "[", R"([],"x":[])"}) {
        bench.answer("/user/teams", bad);
        CHECK_FALSE(bench.complete());
    }
}

TEST_CASE("GitHub: what somebody's answers would mean can be asked without them") {
    Bench bench;
    const auto identity = bench.provider()->believe(
        R"({"id":7,"login":"octocat","emails":[{"email":"cat@example.org","primary":true,"verified":true}],)"
        R"("organizations":[{"state":"active","organization":{"login":"octo-org"}}],"teams":[{"slug":"a","organization":{"login":"octo-org"}}]})");
    REQUIRE(identity);
    CHECK(identity->subject == "7");
    CHECK(identity->email_verified);
    CHECK(identity->organizations == std::vector<std::string>{"octo-org"});
    CHECK(identity->teams == std::vector<std::string>{"octo-org/a"});
    CHECK_FALSE(bench.provider()->believe(R"({"login":"octocat"})"));
}
