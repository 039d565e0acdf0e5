#include "tests/unit/server/signin/fixture.h"

using namespace keyfob;
using namespace keyfob::server::signin;
using namespace keyfob::server::signin::tests;
using platform::ErrorKind;

namespace {

template <typename T> bool is_over(const platform::Result<T>& result) {
    return !result && result.error().kind == ErrorKind::not_found;
}

/// A flow that has begun in one browser, with all that its agent knows.
struct Waiting : Fixture {
    [[nodiscard]] std::string answer_with(const platform::jose::EcKey& key, const std::string& audience,
                                          const std::string& challenge, const std::string& request) const {
        return platform::jose::sign_preflight(key, {audience, challenge, platform::secret_hash(request)},
                                              platform::from_unix(server::storage::tests::k_now));
    }
    [[nodiscard]] std::string challenge() const { return parameters_of(begun.preflight_url).get("challenge"); }
    [[nodiscard]] std::string good() const { return device.answer(begun.preflight_url, request_uri); }
    PairingState state() { return state_of(begun.flow); }
    /// No provider may be asked, whatever the browser tries.
    bool no_provider_is_asked() {
        return is_over(
            pairings.provider_url(must(pairings.find(begun.flow.pairing.flow_id, browser.cookie())), "company"));
    }

    Device device;
    Browser browser;
    std::string request_uri = push(device);
    Begun begun = begin(request_uri, browser);
};

} // namespace

TEST_CASE("AS-08: the browser is sent to the listener that was pushed, with a question only its agent can answer") {
    Waiting waiting;
    const std::string nonce = waiting.device.redirect_uri.substr(waiting.device.redirect_uri.rfind('/') + 1);
    CHECK(waiting.begun.preflight_url.starts_with("http://127.0.0.1:40001/preflight/" + nonce + "?"));
    const auto question = Fixture::parameters_of(waiting.begun.preflight_url);
    CHECK(question.all().size() == 3);
    CHECK(question.get("state") == waiting.device.state);
    CHECK(question.get("iss") == k_issuer);
    CHECK(flow_id_of(waiting.challenge()) == waiting.begun.flow.pairing.flow_id);
    CHECK(waiting.state() == PairingState::challenged);
}

TEST_CASE("AS-08: until the agent has answered no provider is asked and nothing can be approved") {
    Waiting waiting;
    CHECK(waiting.no_provider_is_asked());
    CHECK(is_over(waiting.decide(waiting.begun.flow, waiting.browser, true)));
    CHECK(waiting.company->urls == 0);
    CHECK(waiting.state() == PairingState::challenged);
    must(waiting.pairings.prove(waiting.good(), waiting.browser.cookie()));
    CHECK(waiting.state() == PairingState::proven);
    CHECK_FALSE(waiting.no_provider_is_asked());
}

TEST_CASE("AS-08: an answer counts once") {
    Waiting waiting;
    must(waiting.pairings.prove(waiting.good(), waiting.browser.cookie()));
    CHECK(is_over(waiting.pairings.prove(waiting.good(), waiting.browser.cookie())));
    CHECK(waiting.state() == PairingState::proven); // and the second use harms nobody
}

TEST_CASE("AS-08: an answer is in time for thirty seconds") {
    Waiting waiting;
    waiting.advance(29);
    SECTION("in time") {
        CHECK(waiting.pairings.prove(waiting.good(), waiting.browser.cookie()));
    }
    SECTION("too late") {
        waiting.advance(1);
        CHECK(is_over(waiting.pairings.prove(waiting.good(), waiting.browser.cookie())));
        CHECK(waiting.no_provider_is_asked());
    }
}

TEST_CASE("AS-08: another key, audience, request or challenge proves nothing") {
    Waiting waiting;
    const auto& key = waiting.device.key;
    const std::string challenge = waiting.challenge();
    const Device stranger;
    Browser other_browser;
    const std::string other_request = waiting.push(stranger);
    const Begun other = waiting.begin(other_request, other_browser);
    const std::string other_challenge = Fixture::parameters_of(other.preflight_url).get("challenge");
    for (const std::string& proof : {
             waiting.answer_with(stranger.key, k_issuer, challenge, waiting.request_uri),
             waiting.answer_with(key, "https://evil.example", challenge, waiting.request_uri),
             waiting.answer_with(key, k_issuer + "/", challenge, waiting.request_uri),
             waiting.answer_with(key, k_issuer, challenge, other_request),
             waiting.answer_with(key, k_issuer, other_challenge, waiting.request_uri),
             waiting.answer_with(key, k_issuer, challenge + "A", waiting.request_uri),
             waiting.answer_with(key, k_issuer, waiting.begun.flow.pairing.flow_id + ".", waiting.request_uri),
             waiting.answer_with(key, k_issuer, "", waiting.request_uri),
             waiting.device.proof(challenge, k_issuer),
             waiting.device.proof(challenge, k_issuer, "dpop+jwt"),
             std::string(),
             std::string("a.b.c"),
         }) {
        INFO(proof);
        CHECK(is_over(waiting.pairings.prove(proof, waiting.browser.cookie())));
        CHECK(waiting.no_provider_is_asked());
    }
    CHECK(waiting.pairings.prove(waiting.good(), waiting.browser.cookie()));
}

TEST_CASE("AS-08: a genuine answer in another browser ends the sign-in for everybody") {
    Waiting waiting;
    Browser another;
    SECTION("without any cookie") {}
    SECTION("with the cookie of another flow") {
        waiting.begin(waiting.push(Device()), another);
    }
    CHECK(is_over(waiting.pairings.prove(waiting.good(), another.cookie())));
    CHECK(waiting.state() == PairingState::denied);
    CHECK(is_over(waiting.pairings.prove(waiting.good(), waiting.browser.cookie())));
}

TEST_CASE("AS-08: what is not signed by the agent cannot end anybody's sign-in") {
    Waiting waiting;
    const std::string forged =
        waiting.answer_with(platform::jose::EcKey::generate(), k_issuer, waiting.challenge(), waiting.request_uri);
    CHECK(is_over(waiting.pairings.prove(forged, Browser().cookie())));
    CHECK(waiting.state() == PairingState::challenged);
}

TEST_CASE("AS-08: an answer is no renewal, and a renewal is no answer") {
    Fixture fixture;
    const Device device;
    const IssuedCookie issued = fixture.to_session(device);
    const std::string as_preflight = platform::jose::sign_preflight(
        device.key, {k_refresh_url, issued.challenge, "hash"}, platform::from_unix(server::storage::tests::k_now));
    const auto renewed = fixture.sessions.renew(issued.owner.session.id, as_preflight, k_refresh_url);
    REQUIRE_FALSE(renewed);
    CHECK(renewed.error().code == "invalid_proof");
    CHECK(fixture.sessions.renew(issued.owner.session.id, device.proof(issued.challenge), k_refresh_url));
}

TEST_CASE("AS-08: a newer push makes the challenge of the one before worthless") {
    Waiting waiting;
    const std::string newer = waiting.push(waiting.device.again());
    CHECK(is_over(waiting.pairings.prove(waiting.good(), waiting.browser.cookie())));
    CHECK(waiting.state() == PairingState::superseded);
    CHECK(waiting.pairings.begin(newer, "198.51.100.7"));
}
