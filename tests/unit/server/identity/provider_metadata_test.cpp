#include "server/identity/provider_metadata.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_issuer.h"

#include <catch2/catch.hpp>

#include <future>

using namespace keyfob;
using platform::Error;
using platform::ErrorKind;
using server::identity::MetadataCache;
using server::identity::MetadataRules;
using server::identity::parse_metadata;

namespace {

constexpr const char* k_path = "/.well-known/openid-configuration";
constexpr const char* k_issuer = "https://login.example";

std::string document(const std::string& more = "", const std::string& scheme = "https") {
    const std::string base = scheme + "://login.example";
    return R"({"issuer":"https://login.example","authorization_endpoint":")" + base + R"(/a","token_endpoint":")" +
           base + R"(/t","jwks_uri":")" + base + "/k\"" + more + "}";
}

struct Bench {
    explicit Bench(const std::string& issuer_text = k_issuer)
        : issuer(clock), fetcher(issuer.fetcher()), cache(MetadataRules{issuer_text}, *fetcher, clock) {}
    fakes::ManualClock clock;
    fakes::ScriptedIssuer issuer;
    std::unique_ptr<server::identity::Fetcher> fetcher;
    MetadataCache cache;
    [[nodiscard]] std::size_t fetches() const { return issuer.count(k_path); }
    void go_away() {
        issuer.answers[k_path] = []() -> platform::Result<fakes::ClientResponse> {
            return Error{ErrorKind::unreachable, "nobody there"};
        };
    }
};

} // namespace

TEST_CASE("RP-08 metadata must name the configured issuer letter by letter") {
    CHECK(parse_metadata(document(), {k_issuer}));
    for (const char* configured :
         {"https://login.example/", "https://LOGIN.example", "http://login.example", "https://login.example.evil"}) {
        INFO(configured);
        const auto refused = parse_metadata(document(), {configured});
        REQUIRE(!refused);
        CHECK(refused.error().kind == ErrorKind::invalid);
    }
}

TEST_CASE("RP-08 every endpoint must be https") {
    CHECK(!parse_metadata(document("", "http"), {k_issuer}));
    CHECK(!parse_metadata(document(R"(,"userinfo_endpoint":"http://login.example/u")"), {k_issuer}));
    CHECK(!parse_metadata(document(R"(,"userinfo_endpoint":"ftp://login.example/u")"), {k_issuer}));
    CHECK(parse_metadata(document(R"(,"userinfo_endpoint":"https://login.example/u")"), {k_issuer}));
    CHECK(!parse_metadata(R"({"issuer":"https://login.example"})", {k_issuer}));
    CHECK(!parse_metadata("<html>", {k_issuer}));
    CHECK(!parse_metadata(document(R"(,"issuer":"https://login.example")"), {k_issuer})); // a member twice
}

TEST_CASE("RP-17 the demo provider's exemption is for literal loopback alone") {
    MetadataRules rules{k_issuer};
    rules.plain_http = true;
    CHECK(!parse_metadata(document("", "http"), rules));
    const std::string local = R"({"issuer":"https://login.example","authorization_endpoint":"http://127.0.0.1:1/a",)"
                              R"("token_endpoint":"http://127.0.0.1:1/t","jwks_uri":"http://[::1]:1/k"})";
    CHECK(parse_metadata(local, rules));
    CHECK(!parse_metadata(local, {k_issuer}));
}

TEST_CASE("RP-04 a provider that lists PKCE methods without S256 is refused unless the configuration says so") {
    const auto with = [](const std::string& list) { return document(",\"code_challenge_methods_supported\":" + list); };
    CHECK(parse_metadata(document(), {k_issuer})); // says nothing: S256 is sent all the same
    CHECK(parse_metadata(with(R"(["plain","S256"])"), {k_issuer}));
    for (const char* list : {R"(["plain"])", "[]", R"("S256")", R"([1,"S256"])", R"(["s256"])"}) {
        INFO(list);
        const auto refused = parse_metadata(with(list), {k_issuer});
        REQUIRE(!refused);
        CHECK_THAT(refused.error().message, Catch::Contains("PKCE"));
        CHECK(parse_metadata(with(list), {k_issuer, true}));
    }
}

TEST_CASE("RP-09 the algorithms of a provider are those that it announces and we can verify") {
    const auto with = [](const std::string& list) {
        return parse_metadata(document(",\"id_token_signing_alg_values_supported\":" + list), {k_issuer});
    };
    CHECK(parse_metadata(document(), {k_issuer})->signing_algorithms == std::vector<std::string>{"RS256", "ES256"});
    CHECK(with(R"(["none","HS256","ES256","EdDSA"])")->signing_algorithms == std::vector<std::string>{"ES256"});
    CHECK(!with(R"(["none","HS256"])"));
}

TEST_CASE("RP-08 discovery asks below the issuer's path") {
    Bench bench("https://login.example/tenant/");
    bench.issuer.answers["/tenant" + std::string(k_path)] = [] { return fakes::json_answer(document()); };
    CHECK(!bench.cache.get()); // the document names another issuer
    CHECK(bench.issuer.count("/tenant" + std::string(k_path)) == 1);
}

TEST_CASE("metadata is fetched once and kept for an hour") {
    Bench bench;
    CHECK(bench.cache.known() == nullptr);
    REQUIRE(bench.cache.get());
    bench.clock.advance(std::chrono::seconds{3599});
    REQUIRE(bench.cache.get());
    CHECK(bench.fetches() == 1);
    CHECK(bench.cache.known() != nullptr);
    bench.clock.advance(std::chrono::seconds{1});
    REQUIRE(bench.cache.get());
    CHECK(bench.fetches() == 2);
}

TEST_CASE("a provider that is away is asked again after five seconds, and found when it is back") {
    Bench bench;
    bench.go_away();
    for (int i = 0; i < 10; ++i) {
        const auto answer = bench.cache.get();
        REQUIRE(!answer);
        CHECK(answer.error().kind == ErrorKind::unreachable);
    }
    CHECK(bench.fetches() == 1);
    bench.issuer.answers.clear();
    bench.clock.advance(std::chrono::seconds{5});
    CHECK(bench.cache.get());
}

TEST_CASE("old metadata serves while the provider is away, not when it has changed its mind") {
    Bench bench;
    REQUIRE(bench.cache.get());
    bench.clock.advance(std::chrono::hours{2});
    bench.go_away();
    CHECK(bench.cache.get());
    bench.clock.advance(std::chrono::seconds{5});
    bench.issuer.answers.clear();
    bench.issuer.change_metadata = [](Poco::JSON::Object& object) { object.set("issuer", "https://evil.example"); };
    CHECK(!bench.cache.get());
    CHECK(bench.cache.known() == nullptr);
}

TEST_CASE("nobody waits for a slow provider whose metadata is known, or that has just failed") {
    Bench bench;
    const bool is_known = GENERATE(true, false);
    if (!is_known)
        bench.go_away();
    CHECK(bench.cache.get().has_value() == is_known);
    bench.clock.advance(std::chrono::hours{2});
    std::promise<void> entered;
    std::promise<void> release;
    bench.issuer.answers[k_path] = [&]() -> platform::Result<fakes::ClientResponse> {
        entered.set_value();
        release.get_future().wait();
        return Error{ErrorKind::timed_out, "too slow"};
    };
    auto slow = std::async(std::launch::async, [&] { return bench.cache.get().has_value(); });
    entered.get_future().wait();
    CHECK(bench.cache.get().has_value() == is_known); // would not return if it waited
    release.set_value();
    CHECK(slow.get() == is_known);
    CHECK(bench.fetches() == 2);
}
