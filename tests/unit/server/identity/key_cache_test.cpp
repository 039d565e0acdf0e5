#include "server/identity/key_cache.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/rsa_key.h"
#include "tests/fakes/scripted_issuer.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace keyfob;
using platform::ErrorKind;
using server::identity::KeyCache;

namespace {

constexpr const char* k_uri = "https://login.example/jwks";

platform::jose::Jwt signed_with(const platform::jose::EcKey& key, const std::string& key_id) {
    Poco::JSON::Object header;
    header.set("kid", key_id);
    return platform::jose::parse_jwt(platform::jose::sign_jwt(key, header, Poco::JSON::Object())).value();
}

struct Bench {
    fakes::ManualClock clock;
    fakes::ScriptedIssuer issuer{clock};
    std::unique_ptr<server::identity::Fetcher> fetcher = issuer.fetcher();
    KeyCache cache{*fetcher, clock};
    platform::jose::EcKey second = platform::jose::EcKey::generate();

    [[nodiscard]] std::size_t fetches() const { return issuer.count("/jwks"); }
    [[nodiscard]] bool verifies(const platform::jose::EcKey& key, const std::string& key_id) {
        return cache.verify(signed_with(key, key_id), k_uri).has_value();
    }
};

} // namespace

TEST_CASE("RP-16 keys are fetched once and kept for an hour") {
    Bench bench;
    CHECK(bench.verifies(bench.issuer.key, "key-1"));
    bench.clock.advance(std::chrono::seconds{3599});
    CHECK(bench.verifies(bench.issuer.key, "key-1"));
    CHECK(bench.fetches() == 1);
    bench.clock.advance(std::chrono::seconds{1});
    CHECK(bench.verifies(bench.issuer.key, "key-1"));
    CHECK(bench.fetches() == 2);
}

TEST_CASE("RP-16 a key that the provider has taken back is refused after an hour") {
    Bench bench;
    REQUIRE(bench.verifies(bench.issuer.key, "key-1"));
    bench.issuer.keys.clear();
    bench.issuer.publish(bench.second.public_jwk(), "key-2");
    bench.clock.advance(std::chrono::hours{1});
    CHECK_FALSE(bench.verifies(bench.issuer.key, "key-1"));
}

TEST_CASE("RP-16 signing-key-rotation: a key that appeared meanwhile is fetched at once") {
    Bench bench;
    REQUIRE(bench.verifies(bench.issuer.key, "key-1"));
    bench.issuer.publish(bench.second.public_jwk(), "key-2");
    CHECK(bench.verifies(bench.second, "key-2"));
    CHECK(bench.fetches() == 2);
}

TEST_CASE("RP-16 signing-key-rotation without key names") {
    Bench bench;
    REQUIRE(bench.verifies(bench.issuer.key, "key-1"));
    bench.issuer.keys = {bench.second.public_jwk()};
    CHECK(bench.verifies(bench.second, ""));
}

TEST_CASE("RP-16 tokens with unknown keys make us ask once a minute, not more") {
    Bench bench;
    REQUIRE(bench.verifies(bench.issuer.key, "key-1"));
    for (int i = 0; i < 50; ++i)
        CHECK_FALSE(bench.verifies(bench.second, "made-up-" + std::to_string(i)));
    CHECK(bench.fetches() == 2);
    bench.clock.advance(std::chrono::seconds{59});
    CHECK_FALSE(bench.verifies(bench.second, "made-up"));
    CHECK(bench.fetches() == 2);
    bench.clock.advance(std::chrono::seconds{1});
    CHECK_FALSE(bench.verifies(bench.second, "made-up"));
    CHECK(bench.fetches() == 3);
}

TEST_CASE("RP-16 a wrong signature by a known key does not make us ask") {
    Bench bench;
    REQUIRE(bench.verifies(bench.issuer.key, "key-1"));
    CHECK_FALSE(bench.verifies(bench.second, "key-1"));
    CHECK(bench.fetches() == 1);
}

TEST_CASE("RP-16 a forced fetch that fails closes the door for a minute and keeps the old keys") {
    Bench bench;
    REQUIRE(bench.verifies(bench.issuer.key, "key-1"));
    bench.issuer.publish(bench.second.public_jwk(), "key-2");
    bench.issuer.answers["/jwks"] = [] { return fakes::json_answer("", 500); };
    const auto refused = bench.cache.verify(signed_with(bench.second, "key-2"), k_uri);
    REQUIRE(!refused);
    CHECK(refused.error().kind == ErrorKind::unreachable);
    bench.issuer.answers.clear();
    CHECK_FALSE(bench.verifies(bench.second, "key-2"));
    CHECK(bench.verifies(bench.issuer.key, "key-1"));
    bench.clock.advance(std::chrono::seconds{60});
    CHECK(bench.verifies(bench.second, "key-2"));
}

TEST_CASE("RP-16 after a failure the next try is five seconds later") {
    Bench bench;
    bench.issuer.answers["/jwks"] = [] { return fakes::json_answer("not a key set"); };
    CHECK_FALSE(bench.verifies(bench.issuer.key, "key-1"));
    CHECK_FALSE(bench.verifies(bench.issuer.key, "key-1"));
    CHECK(bench.fetches() == 1);
    bench.issuer.answers.clear();
    bench.clock.advance(std::chrono::seconds{5});
    CHECK(bench.verifies(bench.issuer.key, "key-1"));
    CHECK(bench.fetches() == 2);
}

TEST_CASE("RP-16 an RSA key of 1024 bits verifies nothing") {
    Bench bench;
    const fakes::RsaKey weak(1024);
    bench.issuer.publish(weak.public_jwk("weak"), "weak");
    const std::string input =
        platform::base64url_encode(R"({"alg":"RS256","kid":"weak"})") + "." + platform::base64url_encode("{}");
    const auto token = platform::jose::parse_jwt(input + "." + platform::base64url_encode(weak.sign(input)));
    REQUIRE(token);
    const auto refused = bench.cache.verify(*token, k_uri);
    REQUIRE(!refused);
    CHECK_THAT(refused.error().message, Catch::Contains("does not publish"));
}

TEST_CASE("RP-16 many sign-ins at once fetch the keys once") {
    Bench bench;
    constexpr int k_threads = 8;
    std::atomic<int> started{0};
    bench.issuer.answers["/jwks"] = [&]() -> platform::Result<fakes::ClientResponse> {
        while (started < k_threads) // nobody can find the keys before everybody has come to ask
            std::this_thread::yield();
        Poco::JSON::Object::Ptr jwk = bench.issuer.keys[0];
        return fakes::json_answer("{\"keys\":[" + platform::json::to_text(*jwk) + "]}");
    };
    const auto token = signed_with(bench.issuer.key, "key-1");
    std::atomic<int> verified{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < k_threads; ++i)
        threads.emplace_back([&] {
            ++started;
            verified += bench.cache.verify(token, k_uri) ? 1 : 0;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(verified == k_threads);
    CHECK(bench.fetches() == 1);
}
