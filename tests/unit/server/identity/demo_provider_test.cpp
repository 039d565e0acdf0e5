#include "platform/http/server.h"
#include "platform/random.h"
#include "server/identity/demo_provider.h"
#include "server/identity/provider_factory.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_issuer.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using platform::Parameters;
using platform::http::Request;
using platform::http::Response;
using server::identity::DemoProvider;

namespace {

constexpr const char* k_issuer = "http://127.0.0.1:8420/demo";
constexpr const char* k_redirect_uri = "http://127.0.0.1:8420/callback/demo";
const server::signin::UpstreamAttempt k_attempt{"state-1", "nonce-1",
                                                "verifier-of-forty-three-characters-and-more-1234"};

Request get(const std::string& url) {
    const auto parsed = platform::Url::parse(url).value();
    Request request;
    request.method = "GET";
    request.path = parsed.path;
    request.query = parsed.query;
    return request;
}

Request post(const std::string& path, const Parameters& form) {
    Request request;
    request.method = "POST";
    request.path = path;
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body = form.encode();
    return request;
}

/// Asks the demo provider without a socket.
class ShortLine final : public server::identity::Fetcher {
public:
    explicit ShortLine(DemoProvider& demo) : m_demo(demo) {}
    platform::Result<fakes::ClientResponse> send(const fakes::ClientRequest& request) const override {
        Request asked;
        asked.method = request.method;
        asked.path = request.url.path;
        asked.query = request.url.query;
        asked.headers = request.headers;
        asked.body = request.body;
        const auto response = m_demo.handle(asked).value();
        fakes::ClientResponse answer;
        answer.status = response.status;
        answer.headers = response.headers;
        answer.body = response.body;
        return answer;
    }

private:
    DemoProvider& m_demo;
};

server::identity::ProviderSettings demo_settings(const std::string& issuer) {
    server::identity::ProviderSettings settings;
    settings.id = "demo";
    settings.kind = "oidc";
    settings.issuer = issuer;
    settings.client_id = "keyfob-demo";
    settings.is_demo = true;
    return settings;
}

struct Bench {
    fakes::ManualClock clock;
    platform::SystemRandom random;
    DemoProvider demo{k_issuer, k_redirect_uri, clock, random};
    std::unique_ptr<server::signin::IdentityProvider> provider =
        std::move(server::identity::make_provider(demo_settings(k_issuer), k_redirect_uri, clock,
                                                  std::make_unique<ShortLine>(demo)))
            .value();

    [[nodiscard]] Parameters request() {
        const auto url = provider->authorization_url(k_attempt).value();
        return Parameters::parse(platform::Url::parse(url)->query).value();
    }
    /// What the browser is sent back with after the form.
    [[nodiscard]] Parameters answer(const std::string& name, const std::string& action = "sign_in") {
        Parameters form = request();
        form.add("name", name);
        form.add("action", action);
        const auto response = demo.handle(post("/demo/authorize", form)).value();
        REQUIRE(response.status == 303);
        const std::string location = *response.headers.find("Location");
        REQUIRE(location.starts_with(std::string(k_redirect_uri) + "?"));
        return Parameters::parse(platform::Url::parse(location)->query).value();
    }
    [[nodiscard]] Response exchange(const std::string& code, std::pair<std::string, std::string> change = {}) {
        Parameters form;
        const auto add = [&](const std::string& name, const std::string& value) {
            form.add(name, name == change.first ? change.second : value);
        };
        add("grant_type", "authorization_code");
        add("code", code);
        add("redirect_uri", k_redirect_uri);
        add("client_id", "keyfob-demo");
        add("code_verifier", k_attempt.code_verifier);
        return demo.handle(post("/demo/token", form)).value();
    }
};

} // namespace

TEST_CASE("demo provider: a whole sign-in") {
    Bench bench;
    const auto answer = bench.answer("Ada Lovelace");
    CHECK(answer.get("state") == "state-1");
    CHECK(answer.get("iss") == k_issuer);
    const auto identity = bench.provider->complete(k_attempt, answer.get("code"), answer.get("iss"));
    INFO((identity ? "" : identity.error().message));
    REQUIRE(identity);
    CHECK(identity->issuer == k_issuer);
    CHECK(identity->name == "Ada Lovelace");
    CHECK(identity->email == "ada.lovelace@demo.example");
    CHECK(identity->email_verified);
    const auto again = bench.answer("Ada Lovelace");
    CHECK(bench.provider->complete(k_attempt, again.get("code"), again.get("iss"))->subject == identity->subject);
    const auto other = bench.answer("Bob");
    CHECK(bench.provider->complete(k_attempt, other.get("code"), other.get("iss"))->subject != identity->subject);
}

TEST_CASE("demo provider: names of every kind") {
    Bench bench;
    const auto email_of = [&](const std::string& name) {
        const auto answer = bench.answer(name);
        const auto identity = bench.provider->complete(k_attempt, answer.get("code"), answer.get("iss"));
        REQUIRE(identity);
        return identity->email;
    };
    CHECK(email_of("  Ada  ") == "ada@demo.example");
    CHECK(email_of("José María") == "jos.mar.a@demo.example");
    CHECK(email_of("..a@b..") == "a.b@demo.example");
    CHECK_THAT(email_of("李"), Catch::StartsWith("user-") && Catch::EndsWith("@demo.example"));
    CHECK(email_of("<b>\"O'Neil\"</b>") == "b.o.neil.b@demo.example");
}

TEST_CASE("demo provider: cancel answers access_denied") {
    Bench bench;
    const auto answer = bench.answer("", "cancel");
    CHECK(answer.get("error") == "access_denied");
    CHECK(answer.get("state") == "state-1");
    CHECK(answer.get("iss") == k_issuer);
    CHECK(answer.find("code") == nullptr);
}

TEST_CASE("WH-02 WH-03 demo provider: the page escapes what it repeats and may only post to its own origin") {
    Bench bench;
    const Parameters request = bench.request();
    Parameters query;
    for (const auto& [name, value] : request.all())
        query.add(name, name == "state" ? "\"><script>alert(1)</script>" : value);
    query.add("name", "x");
    query.add("evil", "y");
    const auto page = bench.demo.handle(get(platform::with_query(std::string(k_issuer) + "/authorize", query))).value();
    CHECK(page.status == 200);
    CHECK_THAT(page.body, Catch::Contains("<h1>"));
    CHECK_THAT(page.body, Catch::Contains("name=\"name\""));
    CHECK_THAT(page.body, Catch::Contains("value=\"sign_in\""));
    CHECK_THAT(page.body, Catch::Contains("value=\"cancel\""));
    CHECK_THAT(page.body, Catch::Contains("action=\"/demo/authorize\""));
    CHECK_THAT(page.body, Catch::Contains("&quot;&gt;&lt;script&gt;"));
    CHECK(page.body.find("<script") == std::string::npos);
    CHECK(page.body.find("evil") == std::string::npos);
    const std::string policy = *page.headers.find("Content-Security-Policy");
    CHECK_THAT(policy, Catch::Contains("default-src 'none'") && Catch::Contains("form-action 'self'") &&
                           Catch::Contains("frame-ancestors 'none'"));
}

TEST_CASE("demo provider: an empty name is asked for again") {
    Bench bench;
    for (const std::string& name : {std::string(), std::string("   "), std::string("a\nb"), std::string(300, 'x')}) {
        Parameters form = bench.request();
        form.add("name", name);
        form.add("action", "sign_in");
        const auto response = bench.demo.handle(post("/demo/authorize", form)).value();
        CHECK(response.status == 200);
        CHECK_THAT(response.body, Catch::Contains("state-1"));
    }
}

TEST_CASE("RP-03 demo provider: requests that are not ours are not redirected") {
    Bench bench;
    const std::pair<const char*, const char*> changes[] = {
        {"client_id", "other"},      {"redirect_uri", "http://127.0.0.1:8420/callback/demo/"},
        {"response_type", "token"},  {"code_challenge_method", "plain"},
        {"code_challenge", "short"}, {"state", ""}};
    const Parameters request = bench.request();
    for (const auto& [name, value] : changes) {
        INFO(name);
        Parameters changed;
        for (const auto& [own_name, own_value] : request.all())
            changed.add(own_name, own_name == name ? value : own_value);
        CHECK(bench.demo.handle(get(platform::with_query(std::string(k_issuer) + "/authorize", changed)))->status ==
              400);
        changed.add("name", "Ada");
        changed.add("action", "sign_in");
        const auto posted = bench.demo.handle(post("/demo/authorize", changed)).value();
        CHECK(posted.status == 400);
        CHECK(posted.headers.find("Location") == nullptr);
    }
}

TEST_CASE("demo provider: a code works once, for a minute, with its verifier") {
    Bench bench;
    const std::string code = bench.answer("Ada").get("code");
    SECTION("once") {
        CHECK(bench.exchange(code).status == 200);
        CHECK(bench.exchange(code).status == 400);
    }
    SECTION("not after a minute") {
        bench.clock.advance(std::chrono::seconds{60});
        CHECK(bench.exchange(code).status == 400);
    }
    SECTION("with its verifier, and it is used up") {
        CHECK(bench.exchange(code, {"code_verifier", "another"}).status == 400);
        CHECK(bench.exchange(code).status == 400);
    }
    SECTION("by its client") {
        CHECK(bench.exchange(code, {"client_id", "another"}).status == 400);
    }
    SECTION("for its redirect_uri") {
        CHECK(bench.exchange(code, {"redirect_uri", "http://127.0.0.1:8420/"}).status == 400);
    }
    SECTION("for its grant") {
        CHECK(bench.exchange(code, {"grant_type", "client_credentials"}).status == 400);
    }
}

TEST_CASE("RP-11 demo provider: userinfo wants the bearer token in the header") {
    Bench bench;
    const auto tokens = platform::json::parse_object(bench.exchange(bench.answer("Ada").get("code")).body).value();
    const std::string access_token = platform::json::get_string(*tokens, "access_token").value();
    Request request = get(std::string(k_issuer) + "/userinfo");
    CHECK(bench.demo.handle(request)->status == 401);
    request.headers.set("Authorization", "Bearer " + access_token);
    const auto response = bench.demo.handle(request).value();
    CHECK(response.status == 200);
    CHECK_THAT(response.body, Catch::Contains("ada@demo.example"));
    bench.clock.advance(std::chrono::minutes{5});
    CHECK(bench.demo.handle(request)->status == 401);
}

TEST_CASE("demo provider: its memory is bounded") {
    Bench bench;
    const std::string first = bench.answer("Ada").get("code");
    std::size_t alive = 0;
    std::vector<std::string> codes{first};
    for (int i = 0; i < 1100; ++i)
        codes.push_back(bench.answer("Bob").get("code"));
    for (const std::string& code : codes)
        alive += bench.exchange(code).status == 200 ? 1U : 0U;
    CHECK(alive == 1000);
}

TEST_CASE("demo provider: other paths, methods and media types are not its own") {
    Bench bench;
    CHECK(!bench.demo.handle(get("http://127.0.0.1:8420/authorize")));
    CHECK(!bench.demo.handle(get(std::string(k_issuer) + "/nothing")));
    CHECK(!bench.demo.handle(get("http://127.0.0.1:8420/demonstration")));
    Request request = post("/demo/authorize", bench.request());
    request.headers.set("Content-Type", "text/plain");
    CHECK(bench.demo.handle(request)->status == 400);
}

namespace {

/// The demo provider behind the real front, as the server mounts it.
class Mounted final : public platform::http::Application {
public:
    Admission admit(const Request&) override { return {}; }
    Response handle(const Request& request) override { return demo->handle(request).value_or(Response{404, {}, ""}); }
    std::unique_ptr<DemoProvider> demo;
};

} // namespace

TEST_CASE("RP-17 demo provider: a whole sign-in over real sockets through the exemption") {
    const platform::SystemClock clock;
    platform::SystemRandom random;
    Mounted mounted;
    platform::http::ServerOptions options;
    options.request_id = [] { return std::string("id"); };
    options.access_log = false;
    const auto server = std::move(platform::http::Server::start(std::move(options), mounted)).value();
    const std::string origin = "http://127.0.0.1:" + std::to_string(server->port());
    const std::string redirect_uri = origin + "/callback/demo";
    mounted.demo = std::make_unique<DemoProvider>(origin + "/demo", redirect_uri, clock, random);
    const auto provider =
        std::move(server::identity::make_provider(demo_settings(origin + "/demo"), redirect_uri, clock)).value();
    const auto url = provider->authorization_url(k_attempt);
    INFO((url ? "" : url.error().message));
    REQUIRE(url);
    Parameters form = Parameters::parse(platform::Url::parse(*url)->query).value();
    form.add("name", "Ada");
    form.add("action", "sign_in");
    const auto sent_back = mounted.demo->handle(post("/demo/authorize", form)).value();
    const auto answer = Parameters::parse(platform::Url::parse(*sent_back.headers.find("Location"))->query).value();
    const auto identity = provider->complete(k_attempt, answer.get("code"), answer.get("iss"));
    INFO((identity ? "" : identity.error().message));
    REQUIRE(identity);
    CHECK(identity->name == "Ada");
}
