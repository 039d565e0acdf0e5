#include "platform/jose/jwt.h"
#include "platform/json.h"
#include "server/signin/session_service.h"
#include "tests/fakes/manual_clock.h"
#include "tests/unit/server/storage/fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::storage::tests;

namespace {

const std::string k_url = "https://keyfob.example/session/refresh";

storage::StoreOptions impatient() {
    storage::StoreOptions options;
    options.patience = std::chrono::milliseconds{1};
    return options;
}

/// A session of a device whose key is here.
struct Bench : Fixture {
    Bench() : Fixture(impatient()) {
        const Pairing pairing = journey("anna").to_approved();
        Session session = make_session("anna", pairing.user_id);
        session.device_key = platform::json::to_text(*key.public_jwk());
        const auto redeemed = store->redeem(pairing.id, session, "cookie of anna", k_now + 600, k_now);
        REQUIRE(redeemed);
        REQUIRE(*redeemed);
    }
    [[nodiscard]] std::string proof(const std::string& challenge, const platform::jose::EcKey& by) const {
        Poco::JSON::Object header;
        header.set("typ", "dbsc+jwt");
        Poco::JSON::Object payload;
        payload.set("jti", challenge);
        payload.set("aud", k_url);
        return platform::jose::sign_jwt(by, header, payload);
    }
    signin::Renewal renew(const std::string& jws) {
        auto renewal = sessions.renew("session of anna", jws, k_url);
        REQUIRE(renewal);
        return std::move(*renewal);
    }
    /// The challenge that is to be signed instead of the one in `jws`; no cookie is made.
    std::string challenged(const std::string& jws) {
        const auto before = number("SELECT COUNT(*) FROM cookies");
        const signin::Renewal renewal = renew(jws);
        CHECK_FALSE(renewal.issued);
        CHECK(number("SELECT COUNT(*) FROM cookies") == before);
        return renewal.challenge;
    }
    /// The challenge after a renewal.
    std::string renewed(const std::string& challenge) {
        const signin::Renewal renewal = renew(proof(challenge, key));
        REQUIRE(renewal.issued);
        return renewal.issued->challenge;
    }

    const platform::jose::EcKey key = platform::jose::EcKey::generate();
    fakes::ManualClock clock{k_now};
    signin::SessionService sessions{{}, *store, clock, random};
};

} // namespace

TEST_CASE("SE-11: who only knows the session id changes nothing and is in nobody's way") {
    Bench bench;
    const auto stranger = platform::jose::EcKey::generate();
    const auto locked = bench.other()->write([&](storage::Connection&) { // no write of ours can succeed
        CHECK(bench.challenged("") == "challenge of anna");
        CHECK_FALSE(bench.sessions.renew("session of anna", bench.proof("challenge of anna", stranger), k_url));
        CHECK_FALSE(bench.sessions.renew("session of anna", "garbage", k_url));
        CHECK(bench.challenged(bench.proof("spent long ago", bench.key)) == "challenge of anna");
        return true;
    });
    REQUIRE(locked);
    CHECK_FALSE(bench.renewed("challenge of anna").empty()); // what the device has held all the time
}

TEST_CASE("SE-11: a challenge renews once; the next answer to it gets the one that renews now") {
    Bench bench;
    const std::string second = bench.renewed("challenge of anna");
    CHECK(second != "challenge of anna");
    CHECK(bench.challenged(bench.proof("challenge of anna", bench.key)) == second);
    CHECK(bench.challenged(bench.proof("challenge of anna", bench.key)) == second);
    CHECK(bench.renewed(second) != second);
}

TEST_CASE("SE-11: two renewals of one device come to rest, whoever asks in between") {
    Bench bench;
    std::string one = "challenge of anna";
    std::string other = one;
    for (int round = 0; round < 3; ++round) {
        one = bench.renewed(one);
        bench.challenged("");
        other =
            bench.challenged(bench.proof(other, bench.key)); // it was too late, is told the challenge, and signs again
        other = bench.renewed(other);
        bench.challenged("");
        one = bench.challenged(bench.proof(one, bench.key));
    }
    CHECK(one == other);
}

TEST_CASE("AS-04: a redeem that is repeated leaves the challenge of the first answer good") {
    Bench bench;
    const auto reissued = bench.store->reissue(1, "second cookie", k_now + 600, k_now);
    REQUIRE(reissued);
    CHECK(*reissued);
    CHECK_FALSE(bench.renewed("challenge of anna").empty());
}
