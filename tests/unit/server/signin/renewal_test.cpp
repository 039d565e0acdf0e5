#include "server/signin/session_service.h"

#include "tests/unit/server/signin/fixture.h"

using namespace keyfob;
using namespace keyfob::server::signin;
using namespace keyfob::server::signin::tests;

namespace {

struct Bench : Fixture {
    Device device;
    IssuedCookie issued = to_session(device);
    const std::string id = issued.owner.session.id;

    platform::Result<Renewal> renew(const std::string& proof) { return sessions.renew(id, proof, k_refresh_url); }
    IssuedCookie renewed(const std::string& challenge) {
        Renewal renewal = must(renew(device.proof(challenge)));
        if (!renewal.issued)
            throw std::runtime_error("nothing was issued");
        return std::move(*renewal.issued);
    }
    /// The challenge that came instead of a cookie.
    std::string challenged(const std::string& proof) {
        const std::int64_t cookies = database.number("SELECT COUNT(*) FROM cookies");
        const Renewal renewal = must(renew(proof));
        CHECK_FALSE(renewal.issued);
        CHECK(database.number("SELECT COUNT(*) FROM cookies") == cookies);
        return renewal.challenge;
    }
    std::string error(const std::string& proof) {
        const auto renewal = renew(proof);
        return renewal ? "" : renewal.error().code;
    }
};

std::string signed_by(const platform::jose::EcKey& key, const std::string& header, const std::string& payload) {
    const std::string input = platform::base64url_encode(header) + "." + platform::base64url_encode(payload);
    return input + "." + platform::base64url_encode(key.sign(input));
}

} // namespace

TEST_CASE("SE-11: a proof over the challenge renews, and the cookie before stays good for its own time") {
    Bench bench;
    bench.advance(300);
    const IssuedCookie next = bench.renewed(bench.issued.challenge);
    CHECK(next.cookie.reveal() != bench.issued.cookie.reveal());
    CHECK(next.challenge != bench.issued.challenge);
    CHECK(next.expires_in == 600);
    CHECK(bench.is_live(bench.issued));
    CHECK(bench.is_live(next));
    bench.advance(300);
    CHECK_FALSE(bench.is_live(bench.issued));
    CHECK(bench.is_live(next));
    CHECK(bench.renewed(next.challenge).owner.session.id == bench.id);
}

TEST_CASE("SE-11: a spent challenge gets a new one and nothing else, because the answer may have been lost") {
    Bench bench;
    const std::string proof = bench.device.proof(bench.issued.challenge);
    const IssuedCookie lost = must(bench.renew(proof)).issued.value();
    const std::string challenge = bench.challenged(proof);
    CHECK(challenge != bench.issued.challenge);
    CHECK(challenge == lost.challenge); // the one that the lost answer carried
    CHECK(bench.is_live(lost));
    CHECK(bench.is_live(bench.renewed(challenge)));
}

TEST_CASE("SE-11: an unknown challenge and a missing proof are answered by a challenge that renews") {
    Bench bench;
    const std::string asked = bench.challenged("");
    CHECK(bench.challenged(bench.device.proof(random_token())) == asked);
    CHECK(bench.challenged(bench.device.proof("")) == asked);
    CHECK(bench.is_live(bench.renewed(asked)));
}

TEST_CASE("SE-11: a proof by another key is refused, and the session goes on untouched") {
    Bench bench;
    CHECK(bench.error(Device().proof(bench.issued.challenge)) == "invalid_proof");
    CHECK(bench.is_live(bench.issued));
    CHECK(bench.is_live(bench.renewed(bench.issued.challenge)));
}

TEST_CASE("SE-11: a proof of another type, for another address or without signature is refused") {
    Bench bench;
    const std::string& challenge = bench.issued.challenge;
    for (const char* type : {"", "jwt", "dpop+jwt", "dbsc", "dbsc+jwt2"})
        CHECK(bench.error(bench.device.proof(challenge, k_refresh_url, type)) == "invalid_proof");
    for (const std::string& audience : std::vector<std::string>{"", k_issuer, k_refresh_url + "/", k_refresh_url + "?a",
                                                                "https://evil.example/session/refresh"})
        CHECK(bench.error(bench.device.proof(challenge, audience)) == "invalid_proof");
    const std::string good = bench.device.proof(challenge);
    for (const std::string& proof :
         std::vector<std::string>{"garbage", "..", good.substr(0, good.rfind('.') + 1), good + "A", good + ".x",
                                  good.substr(0, good.size() - 2), "x" + good, std::string(20'000, 'x')})
        CHECK(bench.error(proof) == "invalid_proof");
    CHECK(bench.is_live(bench.renewed(challenge)));
}

TEST_CASE("SE-11: no algorithm but ES256, and no claim of another type") {
    Bench bench;
    const std::string payload =
        R"({"jti":")" + bench.issued.challenge + R"(","aud":")" + k_refresh_url + R"(","iat":1})";
    for (const char* algorithm : {"none", "HS256", "RS256", "es256", ""})
        CHECK(bench.error(signed_by(bench.device.key, std::string(R"({"typ":"dbsc+jwt","alg":")") + algorithm + "\"}",
                                    payload)) == "invalid_proof");
    const std::string header = R"({"typ":"dbsc+jwt","alg":"ES256"})";
    for (const std::string& bad : std::vector<std::string>{
             "{}", R"({"aud":")" + k_refresh_url + "\"}", R"({"jti":")" + bench.issued.challenge + "\"}",
             R"({"jti":7,"aud":")" + k_refresh_url + "\"}",
             R"({"jti":")" + bench.issued.challenge + R"(","aud":[")" + k_refresh_url + "\"]}"})
        CHECK(bench.error(signed_by(bench.device.key, header, bad)) == "invalid_proof");
    CHECK(must(bench.renew(signed_by(bench.device.key, header, payload))).issued);
}

TEST_CASE("SE-11: a key inside the proof is not believed") {
    Bench bench;
    const Device thief;
    Poco::JSON::Object header;
    header.set("typ", "dbsc+jwt");
    header.set("jwk", thief.key.public_jwk());
    Poco::JSON::Object payload;
    payload.set("jti", bench.issued.challenge);
    payload.set("aud", k_refresh_url);
    CHECK(bench.error(platform::jose::sign_jwt(thief.key, header, payload)) == "invalid_proof");
}

TEST_CASE("SE-11: the proof of one session does not renew another of the same key") {
    Bench bench;
    const IssuedCookie other = bench.to_session(bench.device);
    const Renewal renewal =
        must(bench.sessions.renew(other.owner.session.id, bench.device.proof(bench.issued.challenge), k_refresh_url));
    CHECK_FALSE(renewal.issued);
    CHECK(bench.renewed(bench.issued.challenge).owner.session.id == bench.id);
}

TEST_CASE("SE-11: an unknown session has ended, and is told no more than an ended one") {
    Bench bench;
    for (const std::string& other : std::vector<std::string>{"", "unknown", bench.id.substr(1), bench.id + "A"}) {
        const auto renewal = bench.sessions.renew(other, bench.device.proof(bench.issued.challenge), k_refresh_url);
        REQUIRE_FALSE(renewal);
        CHECK(renewal.error().code == "session_ended");
    }
}

TEST_CASE("SE-06: a session that is not renewed for seven days has ended") {
    Bench bench;
    const std::int64_t idle = settings().session_idle_seconds;
    bench.advance(idle - 1);
    const IssuedCookie next = bench.renewed(bench.issued.challenge);
    bench.advance(idle - 1);
    const std::string challenge = bench.challenged("");
    CHECK_FALSE(challenge.empty());
    bench.advance(1); // asking for a challenge was no renewal
    CHECK(bench.error(bench.device.proof(challenge)) == "session_ended");
    CHECK(bench.error("") == "session_ended");
}

TEST_CASE("SE-06: no renewal carries a session, or a cookie, over the absolute limit") {
    Bench bench;
    const std::int64_t day = 24 * 3600;
    std::string challenge = bench.issued.challenge;
    for (int i = 0; i < 5; ++i) {
        bench.advance(i < 4 ? 6 * day : 6 * day - 60);
        const IssuedCookie next = bench.renewed(challenge);
        challenge = next.challenge;
        CHECK(next.expires_in == (i < 4 ? 600 : 60));
        if (i < 4)
            continue;
        bench.advance(59);
        CHECK(bench.is_live(next));
        bench.advance(1);
        CHECK_FALSE(bench.is_live(next));
    }
    CHECK(bench.error(bench.device.proof(challenge)) == "session_ended");
}
