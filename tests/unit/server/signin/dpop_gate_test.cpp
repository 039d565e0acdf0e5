#include "server/signin/dpop_gate.h"

#include "platform/random.h"
#include "tests/fakes/manual_clock.h"
#include "tests/support/must.h"
#include "tests/unit/server/storage/fixture.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using namespace keyfob::server;
using keyfob::tests::must;

namespace {

const std::string k_url = "https://id.example.com/par";

struct Bench {
    storage::tests::Fixture database;
    fakes::ManualClock clock;
    platform::jose::EcKey key = platform::jose::EcKey::generate();
    signin::DpopGate gate = must(signin::DpopGate::create(*database.store, clock));

    [[nodiscard]] std::string proof(const std::string& nonce, const std::string& id = {}) const {
        return platform::jose::make_dpop_proof(key, "POST", k_url, nonce,
                                               id.empty() ? platform::SystemRandom().token() : id, clock.now());
    }
    /// Empty when the proof was accepted, otherwise the code of the error.
    std::string check(const std::vector<std::string_view>& proofs, const std::string& url = k_url) {
        const auto checked = gate.check(proofs, "POST", url);
        return checked ? "" : checked.error().code;
    }
};

} // namespace

TEST_CASE("AS-10: a proof with the nonce of the server is accepted, and names its key") {
    Bench bench;
    const std::string proof = bench.proof(bench.gate.nonce());
    const auto checked = bench.gate.check({proof}, "POST", k_url);
    REQUIRE(checked);
    CHECK(checked->thumbprint == bench.key.thumbprint());
}

TEST_CASE("AS-10: none or two proofs are refused") {
    Bench bench;
    const std::string one = bench.proof(bench.gate.nonce());
    const std::string two = bench.proof(bench.gate.nonce());
    CHECK(bench.check({}) == "invalid_dpop_proof");
    CHECK(bench.check({one, two}) == "invalid_dpop_proof");
    CHECK(bench.check({one, one}) == "invalid_dpop_proof");
    CHECK(bench.check({one}).empty()); // none of that used it up
}

TEST_CASE("AS-10: a proof for another method or address is refused") {
    Bench bench;
    const std::string proof = bench.proof(bench.gate.nonce());
    CHECK(bench.check({proof}, "https://id.example.com/token") == "invalid_dpop_proof");
    CHECK(bench.check({proof}, "https://evil.example/par") == "invalid_dpop_proof");
    CHECK(bench.check({proof}, k_url + "?a=b") == "invalid_dpop_proof");
    const auto other = bench.gate.check({proof}, "GET", k_url);
    REQUIRE_FALSE(other);
    CHECK(other.error().code == "invalid_dpop_proof");
}

TEST_CASE("AS-10: a proof is taken once") {
    Bench bench;
    const std::string proof = bench.proof(bench.gate.nonce());
    CHECK(bench.check({proof}).empty());
    CHECK(bench.check({proof}) == "invalid_dpop_proof");
}

TEST_CASE("AS-10: two keys may choose the same jti") {
    Bench bench;
    const std::string id = platform::SystemRandom().token();
    const std::string proof = bench.proof(bench.gate.nonce(), id);
    CHECK(bench.check({proof}).empty());
    bench.key = platform::jose::EcKey::generate();
    const std::string other = bench.proof(bench.gate.nonce(), id);
    CHECK(bench.check({other}).empty());
}

TEST_CASE("AS-11: without the server's nonce a proof is asked for again") {
    Bench bench;
    Bench elsewhere;
    for (const std::string& nonce : {std::string(), std::string("guess"), elsewhere.gate.nonce(),
                                     bench.gate.nonce().substr(0, 42), bench.gate.nonce() + "A"}) {
        const std::string proof = bench.proof(nonce);
        CHECK(bench.check({proof}) == "use_dpop_nonce");
    }
}

TEST_CASE("AS-11: a nonce changes every five minutes, and the one before is still accepted") {
    Bench bench; // the clock begins with a window
    REQUIRE(bench.clock.unix_seconds() % 300 == 0);
    const std::string nonce = bench.gate.nonce();
    bench.clock.advance(std::chrono::seconds{299});
    CHECK(bench.gate.nonce() == nonce);
    bench.clock.advance(std::chrono::seconds{1});
    CHECK(bench.gate.nonce() != nonce);
    bench.clock.advance(std::chrono::seconds{299});
    const std::string last = bench.proof(nonce);
    CHECK(bench.check({last}).empty());
    bench.clock.advance(std::chrono::seconds{1});
    const std::string late = bench.proof(nonce);
    CHECK(bench.check({late}) == "use_dpop_nonce");
}

TEST_CASE("AS-10: a proof is remembered for as long as its nonce lives") {
    Bench bench;
    const std::string proof = bench.proof(bench.gate.nonce());
    CHECK(bench.check({proof}).empty());
    bench.clock.advance(std::chrono::seconds{599});
    must(bench.database.store->remove_expired(bench.clock.unix_seconds(), 100));
    CHECK(bench.check({proof}) == "invalid_dpop_proof");
    bench.clock.advance(std::chrono::seconds{1});
    CHECK(bench.check({proof}) == "use_dpop_nonce");
}

TEST_CASE("AS-11: every server of one database accepts the nonce of the others") {
    Bench bench;
    const auto store = storage::tests::open_store(bench.database.options, bench.database.random);
    const auto other = must(signin::DpopGate::create(*store, bench.clock));
    CHECK(other.nonce() == bench.gate.nonce());
}

TEST_CASE("AS-11: the clock of the device does not matter") {
    Bench bench;
    const std::string id = platform::SystemRandom().token();
    const std::string proof = platform::jose::make_dpop_proof(bench.key, "POST", k_url, bench.gate.nonce(), id,
                                                              platform::from_unix(1'000'000));
    CHECK(bench.check({proof}).empty());
}
