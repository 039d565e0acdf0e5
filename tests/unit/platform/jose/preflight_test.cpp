#include "platform/jose/preflight.h"

#include "platform/jose/dpop.h"
#include "platform/json.h"
#include "tests/unit/platform/jose/keys.h"

#include <catch2/catch.hpp>

using namespace keyfob::platform;
using namespace keyfob::platform::jose;
using namespace keyfob::platform::jose::tests;

namespace {

const PreflightAnswer k_answer{"https://id.example.com", "Zmxvdw.challenge", "hash"};
const WallTime k_time = from_unix(1'800'000'000);

std::string claims(const std::string& more = {}) {
    return R"({"aud":"https://id.example.com","jti":"Zmxvdw.challenge","request_hash":"hash","iat":1800000000)" + more +
           "}";
}

} // namespace

TEST_CASE("AS-08: what one key signs comes back, and only by that key") {
    const EcKey key = EcKey::generate();
    const auto parsed = UnverifiedPreflight::parse(sign_preflight(key, k_answer, k_time));
    REQUIRE(parsed);
    CHECK(parsed->challenge() == k_answer.challenge);
    const auto verified = parsed->verify(key);
    REQUIRE(verified);
    CHECK(verified->audience == k_answer.audience);
    CHECK(verified->challenge == k_answer.challenge);
    CHECK(verified->request_hash == k_answer.request_hash);
    CHECK_FALSE(parsed->verify(EcKey::generate()));
}

TEST_CASE("AS-08: a proof of another kind, or with anything missing, is no answer") {
    const EcKey key = EcKey::generate();
    const std::string header = R"({"typ":"keyfob-preflight+jwt","alg":"ES256"})";
    REQUIRE(UnverifiedPreflight::parse(es256(key, header, claims())));
    for (const char* other :
         {R"({"typ":"dbsc+jwt","alg":"ES256"})", R"({"typ":"dpop+jwt","alg":"ES256"})", R"({"alg":"ES256"})",
          R"({"typ":"JWT","alg":"ES256"})", R"({"typ":"keyfob-preflight+jwt","alg":"none"})",
          R"({"typ":"keyfob-preflight+jwt","alg":"HS256"})", R"({"typ":"keyfob-preflight+jwt"})"}) {
        INFO(other);
        CHECK_FALSE(UnverifiedPreflight::parse(es256(key, other, claims())));
    }
    for (const char* payload :
         {R"({"jti":"c","request_hash":"h","iat":1})", R"({"aud":"a","request_hash":"h","iat":1})",
          R"({"aud":"a","jti":"c","iat":1})", R"({"aud":"a","jti":"c","request_hash":"h"})",
          R"({"aud":["a"],"jti":"c","request_hash":"h","iat":1})", R"({"aud":"a","jti":1,"request_hash":"h","iat":1})",
          R"({"aud":"a","jti":"c","request_hash":"h","iat":"1"})", R"([])", R"()"}) {
        INFO(payload);
        CHECK_FALSE(UnverifiedPreflight::parse(es256(key, header, payload)));
    }
    for (const char* text : {"", ".", "..", "a.b.c", "e30.e30.e30"})
        CHECK_FALSE(UnverifiedPreflight::parse(text));
}

TEST_CASE("AS-08, AS-10: an answer is no DPoP proof, and a DPoP proof is no answer") {
    const EcKey key = EcKey::generate();
    const std::string url = "https://id.example.com/token";
    CHECK_FALSE(check_dpop_proof(sign_preflight(key, k_answer, k_time), "POST", url));
    CHECK_FALSE(UnverifiedPreflight::parse(make_dpop_proof(key, "POST", url, "nonce", "0123456789abcdef", k_time)));
}
