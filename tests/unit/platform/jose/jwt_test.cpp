#include "platform/jose/jwt.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "tests/unit/platform/jose/keys.h"

#include <catch2/catch.hpp>

using namespace keyfob::platform;
using namespace keyfob::platform::jose;
using namespace keyfob::platform::jose::tests;

namespace {

std::string rfc_rsa_jwk(const std::string& more = {}) {
    return R"({"kty":"RSA","n":")" + k_rfc_rsa_modulus + R"(","e":"AQAB")" + more + "}";
}

} // namespace

TEST_CASE("RP-09: the vectors of RFC 7515 verify, with their own key only") {
    const KeySet rsa = key_set({rfc_rsa_jwk()});
    const KeySet ec = key_set({k_rfc_ec_jwk});
    CHECK(verifies(rsa, k_rfc_rs256));
    CHECK(verifies(ec, k_rfc_es256));
    CHECK(verifies(key_set({k_rfc_ec_jwk, rfc_rsa_jwk()}), k_rfc_rs256));
    CHECK_FALSE(verifies(ec, k_rfc_rs256));
    CHECK_FALSE(verifies(rsa, k_rfc_es256));
    CHECK_FALSE(verifies(key_set({}), k_rfc_rs256));
    CHECK_FALSE(verifies(key_set({ec_jwk(EcKey::generate())}), k_rfc_es256));
}

TEST_CASE("RP-09: one letter changed anywhere in a token, and it is not accepted") {
    const KeySet keys = key_set({k_rfc_ec_jwk});
    for (std::size_t i = 0; i < k_rfc_es256.size(); ++i) {
        std::string changed = k_rfc_es256;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        INFO(changed);
        CHECK_FALSE(verifies(keys, changed));
    }
}

TEST_CASE("RP-09: a token without a signature is none, whatever its alg says") {
    const EcKey key = EcKey::generate();
    const KeySet keys = key_set({ec_jwk(key), RsaKey(2048).jwk()});
    for (const char* algorithm : {"none", "None", "NONE", "nOnE", "", "ES256", "RS256"}) {
        const std::string input = signing_input(std::string(R"({"alg":")") + algorithm + "\"}");
        INFO(algorithm);
        CHECK_FALSE(parse_jwt(input + "."));
        CHECK_FALSE(verifies(keys, input + ".AAAA"));
        if (std::string_view(algorithm) != "ES256")
            CHECK_FALSE(verifies(keys, input + "." + base64url_encode(key.sign(input))));
    }
    CHECK_FALSE(verifies(keys, es256(key, "{}")));
    CHECK_FALSE(verifies(keys, es256(key, R"({"alg":null})")));
    CHECK_FALSE(verifies(keys, es256(key, R"({"alg":["ES256"]})")));
    CHECK(verifies(keys, es256(key, R"({"alg":"ES256"})")));
}

TEST_CASE("RP-09: HS256 with the public key as the secret is not accepted") {
    const RsaKey key(2048);
    const KeySet keys = key_set({key.jwk(R"(,"kid":"1")"), R"({"kty":"oct","k":"c2VjcmV0","kid":"2","alg":"HS256"})"});
    CHECK(keys.size() == 1);
    const std::string modulus = key.number(OSSL_PKEY_PARAM_RSA_N);
    for (const std::string& secret : {modulus, base64url_encode(modulus), key.jwk(R"(,"kid":"1")"), key.jwk(),
                                      std::string("secret"), std::string()})
        for (const char* header : {R"({"alg":"HS256"})", R"({"alg":"HS256","kid":"1"})", R"({"alg":"HS256","kid":"2"})",
                                   R"({"alg":"RS256","kid":"1"})"}) {
            const std::string input = signing_input(header);
            CHECK_FALSE(verifies(keys, input + "." + base64url_encode(hmac_sha256(secret, input))));
        }
}

TEST_CASE("RP-09: an alg that does not fit the kind of the key is not accepted") {
    const EcKey ec = EcKey::generate();
    const RsaKey rsa(2048);
    const KeySet keys = key_set({ec_jwk(ec, R"(,"kid":"ec")"), rsa.jwk(R"(,"kid":"rsa")")});
    CHECK(verifies(keys, es256(ec, R"({"alg":"ES256","kid":"ec"})")));
    CHECK(verifies(keys, rs256(rsa, R"({"alg":"RS256","kid":"rsa"})")));
    for (const char* header :
         {R"({"alg":"RS256","kid":"ec"})", R"({"alg":"ES256","kid":"rsa"})", R"({"alg":"ES384","kid":"ec"})",
          R"({"alg":"ES512","kid":"ec"})", R"({"alg":"es256","kid":"ec"})", R"({"alg":"ES256 ","kid":"ec"})"})
        CHECK_FALSE(verifies(keys, es256(ec, header)));
    for (const char* header :
         {R"({"alg":"PS256","kid":"rsa"})", R"({"alg":"RS384","kid":"rsa"})", R"({"alg":"RS512","kid":"rsa"})",
          R"({"alg":"ES256","kid":"rsa"})", R"({"alg":"HS256","kid":"rsa"})"})
        CHECK_FALSE(verifies(keys, rs256(rsa, header)));
}

TEST_CASE("RP-09: three segments of strict base64url, or it is no token") {
    const std::size_t first = k_rfc_es256.find('.');
    const std::size_t last = k_rfc_es256.rfind('.');
    const std::string header = k_rfc_es256.substr(0, first);
    const std::string payload = k_rfc_es256.substr(first + 1, last - first - 1);
    const std::string signature = k_rfc_es256.substr(last + 1);
    REQUIRE(parse_jwt(header + "." + payload + "." + signature));
    for (const std::string& wrong :
         {std::string(),
          std::string("."),
          std::string(".."),
          std::string("..."),
          header,
          header + "." + payload,
          header + "." + payload + ".",
          "." + payload + "." + signature,
          header + ".." + signature,
          header + "." + payload + "." + signature + ".",
          "." + header + "." + payload + "." + signature,
          header + "." + payload + "." + signature + "." + signature,
          header + "." + payload + "." + signature + "=",
          header + "." + payload + "=." + signature,
          header + "=." + payload + "." + signature,
          " " + header + "." + payload + "." + signature,
          header + "." + payload + "." + signature + "\n",
          header + ". " + payload + "." + signature,
          header + "." + payload + "." + signature.substr(0, 85) + "R",
          header + "." + payload + "." + signature.substr(0, 85),
          header + "." + payload + "." + signature.substr(0, 10) + "+" + signature.substr(11)}) {
        INFO(wrong);
        const auto token = parse_jwt(wrong);
        REQUIRE_FALSE(token);
        CHECK(token.error().kind == ErrorKind::invalid);
    }
}

TEST_CASE("RP-09: header and payload are JSON objects without members that stand twice") {
    const auto parses = [](const std::string& header, const std::string& payload) {
        return parse_jwt(signing_input(header, payload) + ".AAAA").has_value();
    };
    CHECK(parses(R"({"alg":"ES256"})", "{}"));
    for (const char* wrong : {"", "[]", "null", "\"x\"", "{", "{}{}", R"({"alg":"ES256","alg":"none"})", "\xff"}) {
        INFO(wrong);
        CHECK_FALSE(parses(wrong, "{}"));
        CHECK_FALSE(parses(R"({"alg":"ES256"})", wrong));
    }
}

TEST_CASE("RP-09: an extension that we do not understand is refused") {
    const EcKey key = EcKey::generate();
    for (const char* header :
         {R"({"alg":"ES256","crit":["exp"]})", R"({"alg":"ES256","crit":[]})", R"({"alg":"ES256","crit":null})",
          R"({"alg":"ES256","b64":false,"crit":["b64"]})", R"({"alg":"ES256","b64":true})"}) {
        INFO(header);
        CHECK_FALSE(parse_jwt(es256(key, header)));
    }
    CHECK(parse_jwt(es256(key, R"({"alg":"ES256","other":1})")));
}

TEST_CASE("OP-04: a token that is too long is not looked at") {
    const EcKey key = EcKey::generate();
    const auto token = [&](std::size_t filler) {
        return es256(key, R"({"alg":"ES256"})", R"({"x":")" + std::string(filler, 'x') + "\"}");
    };
    REQUIRE(token(12'000).size() < k_max_token_bytes);
    CHECK(parse_jwt(token(12'000)));
    REQUIRE(token(13'000).size() > k_max_token_bytes);
    CHECK_FALSE(parse_jwt(token(13'000)));
}

TEST_CASE("RP-16: the kid selects; without one any fitting key does") {
    const EcKey first = EcKey::generate();
    const EcKey second = EcKey::generate();
    const KeySet keys = key_set({ec_jwk(first, R"(,"kid":"1")"), ec_jwk(second, R"(,"kid":"2")")});
    CHECK(keys.has_key_id("1"));
    CHECK(keys.has_key_id("2"));
    CHECK_FALSE(keys.has_key_id("3"));
    CHECK_FALSE(keys.has_key_id(""));
    CHECK(verifies(keys, es256(first, R"({"alg":"ES256","kid":"1"})")));
    CHECK(verifies(keys, es256(second, R"({"alg":"ES256","kid":"2"})")));
    CHECK(verifies(keys, es256(second, R"({"alg":"ES256"})")));
    CHECK_FALSE(verifies(keys, es256(first, R"({"alg":"ES256","kid":"2"})")));
    CHECK_FALSE(verifies(keys, es256(first, R"({"alg":"ES256","kid":"3"})")));
    CHECK_FALSE(verifies(keys, es256(EcKey::generate(), R"({"alg":"ES256","kid":"1"})")));
    CHECK_FALSE(verifies(keys, es256(EcKey::generate(), R"({"alg":"ES256"})")));
    // Two keys of one name, as some providers publish while they rotate.
    CHECK(verifies(key_set({ec_jwk(first, R"(,"kid":"1")"), ec_jwk(second, R"(,"kid":"1")")}),
                   es256(second, R"({"alg":"ES256","kid":"1"})")));
}

TEST_CASE("RP-09: a key that the token brings itself is not trusted") {
    const EcKey own = EcKey::generate();
    const EcKey mallory = EcKey::generate();
    const KeySet keys = key_set({ec_jwk(own)});
    for (const std::string& header : {R"({"alg":"ES256","jwk":)" + ec_jwk(mallory) + "}",
                                      std::string(R"({"alg":"ES256","jku":"https://evil.example/keys"})"),
                                      std::string(R"({"alg":"ES256","x5c":["MIIB"]})"),
                                      std::string(R"({"alg":"ES256","x5u":"https://evil.example"})")}) {
        CHECK_FALSE(verifies(keys, es256(mallory, header)));
        CHECK(verifies(keys, es256(own, header)));
    }
}

TEST_CASE("RP-16: keys that are weak, private, for another use or of another kind are skipped, the rest is used") {
    const EcKey good = EcKey::generate();
    const RsaKey rsa(2048);
    const std::string skipped =
        GENERATE_COPY(RsaKey(1024).jwk(), rsa.jwk(R"(,"use":"enc")"), rsa.jwk(R"(,"alg":"RSA-OAEP")"),
                      rsa.jwk(R"(,"alg":"RS512")"), rsa.jwk(R"(,"alg":"HS256")"),
                      ec_jwk(EcKey::generate(), R"(,"d":"AAAA")"), ec_jwk(EcKey::generate(), R"(,"use":"enc")"),
                      ec_jwk(EcKey::generate(), R"(,"alg":"RS256")"), std::string(R"({"kty":"oct","k":"AAAA"})"),
                      std::string(R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})"),
                      std::string("{}"), std::string("null"), std::string("1"), std::string("\"key\""),
                      std::string("[]"), std::string(R"({"kty":"RSA","n":"AQAB","e":"AQAB"})"),
                      R"({"kty":"RSA","n":")" + k_rfc_rsa_modulus + R"(","e":"AQ"})", // 1
                      R"({"kty":"RSA","n":")" + k_rfc_rsa_modulus + R"(","e":"BA"})", // even
                      R"({"kty":"RSA","n":")" + k_rfc_rsa_modulus + R"(","e":""})",
                      R"({"kty":"RSA","n":")" + k_rfc_rsa_modulus + R"("})",
                      R"({"kty":"RSA","n":")" + k_rfc_rsa_modulus + R"(=","e":"AQAB"})",
                      R"({"kty":"RSA","n":")" + k_rfc_rsa_modulus + R"(","e":"AAAAAAAAAAAAAAAB"})",
                      R"({"kty":"RSA","n":")" + base64url_encode(std::string(2048, '\xff')) +
                          R"(","e":"AQAB"})"); // 16384 bits: to use it costs us
    INFO(skipped);
    const KeySet keys = key_set({skipped, ec_jwk(good)});
    CHECK(keys.size() == 1);
    CHECK(verifies(keys, es256(good, R"({"alg":"ES256"})")));
}

TEST_CASE("RP-16: RSA of 2048 bits with use sig and alg RS256 is used") {
    const RsaKey rsa(2048);
    const KeySet keys = key_set({rsa.jwk(R"(,"use":"sig","alg":"RS256","kid":"r","x5t":"x")")});
    REQUIRE(keys.size() == 1);
    CHECK(verifies(keys, rs256(rsa, R"({"alg":"RS256","kid":"r"})")));
    CHECK_FALSE(verifies(keys, rs256(RsaKey(2048), R"({"alg":"RS256","kid":"r"})")));
}

TEST_CASE("RP-16: what is no key set is refused") {
    for (const char* wrong :
         {"", "[]", "{}", R"({"keys":{}})", R"({"keys":null})", R"({"keys":"x"})", R"({"keys":[],"keys":[]})"}) {
        INFO(wrong);
        CHECK_FALSE(KeySet::parse(wrong));
    }
    std::string many = R"({"keys":[{})";
    for (int i = 0; i < 64; ++i)
        many += ",{}";
    CHECK_FALSE(KeySet::parse(many + "]}"));
}

TEST_CASE("a token signed here verifies here, and says its alg") {
    const EcKey key = EcKey::generate();
    Poco::JSON::Object header;
    header.set("typ", "DBSC+jwt");
    header.set("kid", "k");
    header.set("alg", "none"); // what a caller leaves there is replaced
    Poco::JSON::Object payload;
    payload.set("jti", "x");
    const std::string text = sign_jwt(key, header, payload);
    const auto token = parse_jwt(text);
    REQUIRE(token);
    CHECK(token->algorithm() == "ES256");
    CHECK(token->type() == "dbsc+jwt");
    CHECK(token->key_id() == "k");
    CHECK(token->signing_input == text.substr(0, text.rfind('.')));
    CHECK(key_set({ec_jwk(key, R"(,"kid":"k")")}).verify(*token));
}
