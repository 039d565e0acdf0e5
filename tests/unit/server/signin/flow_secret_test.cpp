#include "server/signin/flow_secret.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/random.h"

#include <catch2/catch.hpp>

#include <set>

using namespace keyfob;
using namespace keyfob::server::signin;

namespace {

FlowSecret new_secret() {
    return FlowSecret::from_cookie(platform::SystemRandom().token()).value();
}

} // namespace

TEST_CASE("RP-02: only 32 octets of base64url are a flow secret") {
    const std::string good = platform::SystemRandom().token();
    const auto secret = FlowSecret::from_cookie(good);
    REQUIRE(secret);
    CHECK(secret->cookie_text() == good);
    CHECK(secret->hash() == platform::secret_hash(good));
    for (const std::string& text :
         {std::string(), good.substr(1), good + "A", good + "AA", good + "=", std::string(43, '.'),
          platform::SystemRandom().token(31), platform::SystemRandom().token(33), " " + good.substr(1)})
        CHECK_FALSE(FlowSecret::from_cookie(text));
}

TEST_CASE("RP-02, RP-03, RP-05: what binds a browser differs by secret, flow, provider and purpose") {
    const FlowSecret one = new_secret();
    const FlowSecret two = new_secret();
    std::set<std::string> values{one.csrf_token(), two.csrf_token()};
    for (const FlowSecret* secret : {&one, &two})
        for (const char* provider : {"company", "elsewhere"}) {
            const UpstreamAttempt attempt = secret->attempt("Zmxvdw", provider);
            values.insert({attempt.state.substr(7), attempt.nonce, attempt.code_verifier});
            CHECK(attempt.state.starts_with("Zmxvdw."));
        }
    CHECK(values.size() == 2 + 2 * 2 * 3);
    for (const std::string& value : values) {
        const auto octets = platform::base64url_decode(value);
        REQUIRE(octets);
        CHECK(octets->size() == 32); // also a code_verifier of 43 characters, as RFC 7636 asks for
    }
}

TEST_CASE("the same secret gives the same values again, so that none of them needs to be stored") {
    const FlowSecret secret = new_secret();
    const auto again = FlowSecret::from_cookie(secret.cookie_text()).value();
    CHECK(again.attempt("Zmxvdw", "company").state == secret.attempt("Zmxvdw", "company").state);
    CHECK(again.attempt("Zmxvdw", "company").nonce == secret.attempt("Zmxvdw", "company").nonce);
    CHECK(again.attempt("Zmxvdw", "company").code_verifier == secret.attempt("Zmxvdw", "company").code_verifier);
    CHECK(again.csrf_token() == secret.csrf_token());
}

TEST_CASE("KS-05: the stored hash is none of the derived values") {
    const FlowSecret secret = new_secret();
    const UpstreamAttempt attempt = secret.attempt("Zmxvdw", "company");
    CHECK(secret.hash() != secret.cookie_text());
    CHECK(attempt.state.find(secret.hash()) == std::string::npos);
    CHECK(std::set{secret.hash(), attempt.nonce, attempt.code_verifier, secret.csrf_token()}.size() == 4);
}

TEST_CASE("S3: a state that we did not form names no flow") {
    CHECK(flow_id_of("Zmxvdw.mac") == "Zmxvdw");
    for (const char* state : {"", "Zmxvdw", "<script>.x", "a b.x", "Zmxvdw=.x", "..", ".mac", "%00.x"})
        CHECK(flow_id_of(state).empty());
}
