#include "platform/digest.h"
#include "platform/http/limits.h"
#include "platform/jose/preflight.h"
#include "platform/json.h"
#include "server/api/routes.h"
#include "server/http/router.h"
#include "server/identity/provider_factory.h"
#include "server/signin/dpop_gate.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_issuer.h"
#include "tests/support/capture.h"
#include "tests/unit/server/storage/fixture.h"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <unistd.h>

using namespace keyfob;
using namespace keyfob::server;
using platform::http::Request;
using platform::http::Response;

namespace {

const std::string k_server = "https://keyfob.example";

std::string header(const Response& response, const std::string& name) {
    const std::string* value = response.headers.find(name);
    return value == nullptr ? std::string() : *value;
}

/// The routes with a real provider behind them, for which one may wait at a time.
struct Bench {
    signin::Providers make_providers() {
        identity::ProviderSettings company;
        company.id = "company";
        company.kind = "oidc";
        company.display_name = "Company";
        company.issuer = issuer.issuer;
        company.client_id = "client-1";
        std::vector<std::unique_ptr<signin::IdentityProvider>> all;
        all.push_back(std::move(identity::make_provider(std::move(company), k_server + "/callback/company", clock,
                                                        issuer.fetcher()))
                          .value());
        return signin::Providers(std::move(all));
    }
    static signin::Settings settings() {
        signin::Settings settings;
        settings.issuer = k_server;
        settings.calls_per_provider = 1;
        return settings;
    }
    struct Pushed {
        platform::jose::EcKey key = platform::jose::EcKey::generate();
        std::string request_uri;
    };
    Pushed push(const std::string& name) {
        Pushed pushed;
        signin::PushedRequest request;
        request.device_key = platform::json::to_text(*pushed.key.public_jwk());
        request.device_thumbprint = name;
        request.code_challenge = platform::base64url_encode(platform::sha256(name));
        request.redirect_uri = "http://127.0.0.1:40001/cb/AAAAAAAAAAAAAAAAAAAAAA";
        request.client_state = platform::base64url_encode(platform::sha256("state of " + name));
        const auto result = pairings.push(request);
        REQUIRE(result);
        pushed.request_uri = result->request_uri;
        return pushed;
    }

    storage::tests::Fixture database;
    platform::SystemRandom random;
    fakes::ManualClock clock{storage::tests::k_now};
    fakes::ScriptedIssuer issuer{clock};
    signin::Providers providers = make_providers();
    signin::AllowRules rules{{{"company", signin::AllowRule::Anyone{}}}};
    signin::PairingService pairings{settings(), *database.store, providers, rules, clock, random};
    signin::SessionService sessions{settings(), *database.store, clock, random};
    signin::DpopGate proofs = signin::DpopGate::create(*database.store, clock).value();
    signin::Clients clients;
    signin::ResourceServers resource_servers;
    signin::TokenService tokens{settings(), *database.store, clients, clock, random};
    signin::UpstreamLogout upstream_logout{*database.store, providers, clock};
    http::Services services{k_server,        true,    pairings,         sessions, proofs,          providers, clock,
                            *database.store, clients, resource_servers, tokens,   upstream_logout, nullptr,   {}};
    http::RateLimits limits{http::RequestLimits{}, clock, random};
    http::Router router{services, limits, http::TrustedProxies::parse({}).value()};
};

/// One browser with the cookie of its own flow.
struct Browser {
    explicit Browser(Bench& server) : bench(server) {}

    Response open(const std::string& url) {
        const auto parsed = platform::Url::parse(url).value();
        Request request;
        request.method = "GET";
        request.path = parsed.path;
        request.query = parsed.query;
        request.peer_address = "198.51.100.7";
        if (!cookie.empty())
            request.headers.set("Cookie", cookie);
        Response response = bench.router.handle(request);
        if (const std::string set = header(response, "Set-Cookie"); !set.empty())
            cookie = set.substr(0, set.find(';'));
        return response;
    }
    /// From the start page to the server, to the agent, and back with its answer.
    Response begin(const std::string& name) {
        const Bench::Pushed pushed = bench.push(name);
        platform::Parameters query;
        query.add("client_id", api::k_agent_client_id);
        query.add("request_uri", pushed.request_uri);
        const std::string question = header(open(k_server + "/authorize?" + query.encode()), "Location");
        const auto asked = platform::Parameters::parse(platform::Url::parse(question).value().query).value();
        platform::Parameters answer;
        answer.add("proof",
                   platform::jose::sign_preflight(
                       pushed.key, {k_server, asked.get("challenge"), platform::secret_hash(pushed.request_uri)},
                       bench.clock.now()));
        return open(k_server + "/preflight?" + answer.encode());
    }
    /// Signs in at the provider; the address of our callback.
    std::string sign_in(const std::string& provider_url) {
        const auto sent = platform::Parameters::parse(platform::Url::parse(provider_url).value().query).value();
        bench.issuer.nonce = sent.get("nonce");
        platform::Parameters answer;
        answer.add("code", "code-1");
        answer.add("state", sent.get("state"));
        return k_server + "/callback/company?" + answer.encode();
    }

    Bench& bench;
    std::string cookie;
};

void check_comes_again(const Response& response) {
    CHECK(response.status == 503);
    CHECK_FALSE(header(response, "Retry-After").empty());
    CHECK(header(response, "Refresh") ==
          header(response, "Retry-After")); // the same address once more, without a script
    CHECK(header(response, "Set-Cookie").empty());
}

std::string tokens_of(const fakes::ScriptedIssuer& issuer) {
    Poco::JSON::Object tokens;
    tokens.set("access_token", "access-1");
    tokens.set("token_type", "Bearer");
    tokens.set("id_token", issuer.id_token());
    return platform::json::to_text(tokens);
}

} // namespace

TEST_CASE(
    "S6: who comes back while all places at the provider are taken loses nothing, and goes on by the same address") {
    Bench bench;
    Browser ann(bench);
    Browser bob(bench);
    const std::string bob_provider = header(bob.begin("bob"), "Location");
    const std::string bob_callback = bob.sign_in(bob_provider);
    const std::string ann_callback = ann.sign_in(header(ann.begin("ann"), "Location"));
    int exchanges = 0;
    bench.issuer.answers["/token"] = [&]() -> platform::Result<platform::http::ClientResponse> {
        if (++exchanges == 1) { // the provider is busy with ann
            check_comes_again(bob.open(bob_callback));
            check_comes_again(bob.open(bob_callback));
        }
        return fakes::json_answer(tokens_of(bench.issuer));
    };
    CHECK(header(ann.open(ann_callback), "Location").starts_with(k_server + "/confirm?"));
    CHECK(exchanges == 1);
    bob.sign_in(bob_provider); // the nonce that the provider now signs
    CHECK(header(bob.open(bob_callback), "Location").starts_with(k_server + "/confirm?"));
    CHECK(exchanges == 2);
    CHECK(bench.database.number("SELECT COUNT(*) FROM pairings WHERE state = 'identified'") == 2);
}

TEST_CASE("S6: who begins while all places at the provider are taken is not refused either") {
    Bench bench;
    Browser ann(bench);
    Browser bob(bench);
    std::string again;
    bench.issuer.answers["/.well-known/openid-configuration"] =
        [&]() -> platform::Result<platform::http::ClientResponse> {
        again = header(bob.begin("bob"), "Location"); // the only page that can be loaded again
        CHECK(again.starts_with(k_server + "/authorize/company?flow="));
        const std::string kept = bob.cookie;
        check_comes_again(bob.open(again));
        CHECK(bob.cookie == kept);
        return platform::Error{platform::ErrorKind::timed_out, "it does not answer"};
    };
    CHECK(header(ann.begin("ann"), "Location").starts_with("http://127.0.0.1:40001/cb/"));
    bench.issuer.answers.clear();
    bench.clock.advance(std::chrono::seconds{60}); // the next try to reach it
    CHECK(header(bob.open(again), "Location").starts_with("https://login.example/authorize?"));
}

TEST_CASE("a refusal comes home although all places at the provider are taken") {
    Bench bench;
    Browser ann(bench);
    Browser bob(bench);
    const std::string bob_provider = header(bob.begin("bob"), "Location");
    platform::Parameters refusal;
    refusal.add("error", "access_denied");
    refusal.add("state",
                platform::Parameters::parse(platform::Url::parse(bob_provider).value().query).value().get("state"));
    const std::string ann_callback = ann.sign_in(header(ann.begin("ann"), "Location"));
    bench.issuer.answers["/token"] = [&]() -> platform::Result<platform::http::ClientResponse> {
        const Response page = bob.open(k_server + "/callback/company?" + refusal.encode());
        CHECK(page.status == 200);
        return fakes::json_answer(tokens_of(bench.issuer));
    };
    CHECK(ann.open(ann_callback).status == 303);
    CHECK(bench.database.number("SELECT COUNT(*) FROM pairings WHERE state = 'denied'") == 1);
}

TEST_CASE("KS-08: a request of a client that is not ours leaves no row") {
    Bench bench;
    const auto key = platform::jose::EcKey::generate();
    for (const char* path : {api::k_par_path, api::k_cancel_path, api::k_token_path, api::k_revoke_path}) {
        Request request;
        request.method = "POST";
        request.path = path;
        request.headers.set("Content-Type", "application/x-www-form-urlencoded");
        request.headers.set("DPoP", platform::jose::make_dpop_proof(key, "POST", k_server + path, bench.proofs.nonce(),
                                                                    bench.random.token(), bench.clock.now()));
        request.body = "client_id=another";
        const Response response = bench.router.handle(request);
        CHECK(response.status == 400);
        CHECK(response.body.find("invalid_client") != std::string::npos);
    }
    CHECK(bench.database.number("SELECT COUNT(*) FROM proofs") == 0);
}

TEST_CASE("OP-02: why a sign-in is over stands in the log, and not on the page") {
    Bench bench;
    Browser ann(bench);
    const std::string callback = ann.sign_in(header(ann.begin("ann"), "Location"));
    CHECK(ann.open(callback).status == 303);
    const keyfob::tests::Capture log;
    const platform::UniqueFd kept(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
    REQUIRE(::dup2(log.fd(), STDERR_FILENO) == STDERR_FILENO);
    const Response again = ann.open(callback);
    const Response unknown = ann.open(k_server + "/authorize?client_id=keyfob-agent&request_uri=x");
    REQUIRE(::dup2(kept.get(), STDERR_FILENO) == STDERR_FILENO);
    CHECK(again.status == 400);
    CHECK(again.body == unknown.body);
    CHECK(log.text().find("the state is unknown, spent or another provider's") != std::string::npos);
    CHECK(log.text().find("the request_uri is unknown, spent or expired") != std::string::npos);
}

TEST_CASE("S6: one provider never holds every upstream thread") {
    CHECK(signin::Settings{}.calls_per_provider > 0);
    CHECK(signin::Settings{}.calls_per_provider < platform::http::Limits{}.upstream_threads);
}
