// What the OpenID Foundation's conformance suite does to a relying party, as a table (security.md names its modules): one provider
// that does everything right but for the one thing of the row.
#include "platform/digest.h"
#include "server/identity/provider_factory.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/rsa_key.h"
#include "tests/fakes/scripted_issuer.h"

#include <catch2/catch.hpp>

#include <limits>

using namespace keyfob;
using fakes::ScriptedIssuer;
using Object = Poco::JSON::Object;

namespace {

const fakes::RsaKey& rsa() {
    static const fakes::RsaKey k_key;
    return k_key;
}

struct Row {
    const char* module;
    std::function<void(ScriptedIssuer&)> lie;
    const char* refusal; ///< a part of the error's text; null: must be accepted
};

std::function<void(ScriptedIssuer&)> claims(ScriptedIssuer::Change change) {
    return [change](ScriptedIssuer& issuer) { issuer.change_claims = change; };
}
template <typename Value> std::function<void(ScriptedIssuer&)> claim(const char* name, Value value) {
    return claims([name, value](Object& object) { object.set(name, value); });
}
std::function<void(ScriptedIssuer&)> without(const char* name) {
    return claims([name](Object& object) { object.remove(name); });
}
template <typename Value> std::function<void(ScriptedIssuer&)> header(const char* name, Value value) {
    return [name, value](ScriptedIssuer& issuer) {
        issuer.change_header = [name, value](Object& object) { object.set(name, value); };
    };
}

Poco::JSON::Array::Ptr texts(std::initializer_list<std::string> values) {
    Poco::JSON::Array::Ptr array(new Poco::JSON::Array);
    for (const std::string& value : values)
        array->add(value);
    return array;
}

/// Signs with RSA under that algorithm's name; the provider publishes the RSA key too.
void use_rsa(ScriptedIssuer& issuer, const std::string& algorithm) {
    issuer.publish(rsa().public_jwk("rsa-1"), "rsa-1");
    issuer.change_header = [algorithm](Object& object) {
        object.set("alg", algorithm);
        object.set("kid", "rsa-1");
    };
    issuer.sign = [](const std::string& input) { return rsa().sign(input); };
}

void spoil_signature(ScriptedIssuer& issuer) {
    const auto before = issuer.sign;
    issuer.sign = [before, &issuer](const std::string& input) {
        std::string signature = before ? before(input) : issuer.key.sign(input);
        signature.back() = static_cast<char>(signature.back() ^ 1);
        return signature;
    };
}

std::string half_hash(const std::string& text) {
    return platform::base64url_encode(platform::sha256(text).substr(0, 16));
}

std::vector<Row> signature_rows() {
    return {
        {"oidcc-client-test", [](ScriptedIssuer&) {}, nullptr},
        {"idtoken-sig-rs256", [](ScriptedIssuer& issuer) { use_rsa(issuer, "RS256"); }, nullptr},
        {"invalid-sig-es256", spoil_signature, "signature is by no key"},
        {"invalid-sig-rs256",
         [](ScriptedIssuer& issuer) {
             use_rsa(issuer, "RS256");
             spoil_signature(issuer);
         },
         "signature is by no key"},
        {"invalid-sig-hs256: HMAC with the public key as its secret",
         [](ScriptedIssuer& issuer) {
             use_rsa(issuer, "HS256");
             issuer.sign = [](const std::string& input) { return platform::hmac_sha256(rsa().public_pem(), input); };
         },
         "algorithm HS256"},
        {"an RSA signature that calls itself ES256", [](ScriptedIssuer& issuer) { use_rsa(issuer, "ES256"); },
         "signature is by no key"},
        {"idtoken-sig-none: without signature",
         [](ScriptedIssuer& issuer) {
             header("alg", std::string("none"))(issuer);
             issuer.sign = [](const std::string&) { return std::string(); };
         },
         "not well-formed"},
        {"idtoken-sig-none: with the signature kept", header("alg", std::string("none")), "algorithm none"},
        {"invalid-alternate-alg", header("alg", std::string("PS256")), "algorithm PS256"},
        {"invalid-null-alg", header("alg", Poco::Dynamic::Var()), "alg is missing"},
        {"an algorithm that its metadata does not announce",
         [](ScriptedIssuer& issuer) {
             issuer.change_metadata = [](Object& object) {
                 object.set("id_token_signing_alg_values_supported", texts({"RS256"}));
             };
         },
         "algorithm ES256"},
        {"crit", header("crit", texts({"exp"})), "not well-formed"},
        {"typ of another kind of token", header("typ", std::string("logout+jwt")), "another kind of token"},
        {"typ JWT", header("typ", std::string("JWT")), nullptr},
        {"a key of its own in the header",
         [](ScriptedIssuer& issuer) {
             const auto own = platform::jose::EcKey::generate();
             header("jwk", own.public_jwk())(issuer);
             issuer.sign = [own](const std::string& input) { return own.sign(input); };
         },
         "signature is by no key"},
        {"kid-absent-single-jwks",
         [](ScriptedIssuer& issuer) { issuer.change_header = [](Object& object) { object.remove("kid"); }; }, nullptr},
        {"kid-absent-multiple-jwks: every fitting key is tried",
         [](ScriptedIssuer& issuer) {
             issuer.keys.insert(issuer.keys.begin(), platform::jose::EcKey::generate().public_jwk());
             issuer.change_header = [](Object& object) { object.remove("kid"); };
         },
         nullptr},
        {"no key of that name", header("kid", std::string("key-9")), "does not publish"},
        {"a key that is for encryption", [](ScriptedIssuer& issuer) { issuer.keys[0]->set("use", "enc"); },
         "does not publish"},
    };
}

std::vector<Row> claim_rows() {
    const double huge = 1e300;
    return {
        {"invalid-iss", claim("iss", std::string("https://login.example/")), "issuer is another"},
        {"missing iss", without("iss"), "issuer is another"},
        {"missing-sub", without("sub"), "sub is missing"},
        {"sub is a number", claim("sub", 7), "sub is missing"},
        {"sub is empty", claim("sub", std::string()), "sub is missing"},
        {"sub of 255", claim("sub", std::string(255, 's')), nullptr},
        {"sub of 256", claim("sub", std::string(256, 's')), "sub is missing"},
        {"sub with a control character", claim("sub", std::string("a\nb")), "sub is missing"},
        {"invalid-aud", claim("aud", std::string("client-2")), "another audience"},
        {"aud that begins like us", claim("aud", std::string("client-11")), "another audience"},
        {"missing-aud", without("aud"), "aud is missing"},
        {"aud of numbers", claim("aud", 5), "aud is missing"},
        {"valid-aud-as-array", claim("aud", texts({"client-1"})), nullptr},
        {"invalid-secondary-aud", claim("aud", texts({"client-1", "client-2"})), "for others as well"},
        {"azp of another", claim("azp", std::string("client-2")), "another client"},
        {"azp is us", claim("azp", std::string("client-1")), nullptr},
        {"missing-iat", without("iat"), "iat is missing"},
        {"iat in the future", claim("iat", 1'800'000'061), "issued in the future"},
        {"iat within the leeway", claim("iat", 1'800'000'060), nullptr},
        {"invalid-missing-exp", without("exp"), "exp is missing"},
        {"invalid-expired-exp", claim("exp", 1'799'999'940), "has expired"},
        {"exp within the leeway", claim("exp", 1'799'999'941), nullptr},
        {"exp 1e300", claim("exp", huge), "exp is missing or no time"},
        {"exp of the largest integer", claim("exp", std::numeric_limits<std::int64_t>::max()), "exp is missing or no"},
        {"exp negative", claim("exp", -1), "exp is missing or no time"},
        {"exp as text", claim("exp", std::string("1800000300")), "exp is missing or no time"},
        {"exp with a fraction", claim("exp", 1'800'000'300.5), "exp is missing or no time"},
        {"exp true", claim("exp", true), "exp is missing or no time"},
        {"nbf in the future", claim("nbf", 1'800'000'061), "not valid yet"},
        {"nbf as text", claim("nbf", std::string("1")), "not valid yet"},
        {"nonce-invalid", claim("nonce", std::string("nonce-2")), "nonce is another"},
        {"invalid-missing-nonce", without("nonce"), "nonce is missing"},
        {"nonce empty", claim("nonce", std::string()), "nonce is missing"},
        {"invalid-athash", claim("at_hash", half_hash("access-2")), "at_hash"},
        {"at_hash right", claim("at_hash", half_hash("access-1")), nullptr},
        {"at_hash is no text", claim("at_hash", 1), "at_hash"},
        {"missing-athash", without("at_hash"), nullptr},
        {"invalid-chash", claim("c_hash", half_hash("code-2")), "c_hash"},
        {"c_hash right", claim("c_hash", half_hash("code-1")), nullptr},
    };
}

std::vector<Row> answer_rows() {
    const auto tokens = [](ScriptedIssuer::Change change) {
        return [change](ScriptedIssuer& issuer) { issuer.change_tokens = change; };
    };
    return {
        {"discovery-issuer-mismatch",
         [](ScriptedIssuer& issuer) {
             issuer.change_metadata = [](Object& object) { object.set("issuer", "https://login.example/"); };
         },
         "letter by letter"},
        {"userinfo-invalid-sub",
         [](ScriptedIssuer& issuer) {
             without("name")(issuer);
             issuer.change_user_info = [](Object& object) { object.set("sub", "subject-2"); };
         },
         "about somebody else"},
        {"userinfo without sub",
         [](ScriptedIssuer& issuer) {
             without("name")(issuer);
             issuer.change_user_info = [](Object& object) { object.remove("sub"); };
         },
         "about somebody else"},
        {"scope-userinfo-claims", without("name"), nullptr},
        {"no id_token", tokens([](Object& object) { object.remove("id_token"); }), "no id_token"},
        {"id_token of four segments",
         tokens([](Object& object) { object.set("id_token", object.getValue<std::string>("id_token") + ".x"); }),
         "not well-formed"},
        {"token-type-case-insensitivity", tokens([](Object& object) { object.set("token_type", "bEARER"); }), nullptr},
        {"another kind of token", tokens([](Object& object) { object.set("token_type", "DPoP"); }), "Bearer"},
        {"token-endpoint-response-without-expires_in", tokens([](Object& object) { object.remove("expires_in"); }),
         nullptr},
    };
}

void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        INFO(row.module);
        fakes::ManualClock clock(1'800'000'000);
        ScriptedIssuer issuer(clock);
        row.lie(issuer);
        server::identity::ProviderSettings settings;
        settings.id = "company";
        settings.kind = "oidc";
        settings.issuer = "https://login.example";
        settings.client_id = "client-1";
        const auto provider = server::identity::make_provider(
            std::move(settings), "https://keyfob.example/callback/company", clock, issuer.fetcher());
        REQUIRE(provider);
        const auto identity = (*provider)->complete({"state-1", "nonce-1", "verifier-1"}, "code-1", "");
        if (row.refusal == nullptr) {
            INFO((identity ? "" : identity.error().message));
            REQUIRE(identity);
            CHECK(identity->issuer == "https://login.example");
            CHECK(!identity->subject.empty());
        } else {
            REQUIRE(!identity);
            CHECK(identity.error().kind == platform::ErrorKind::invalid);
            CHECK_THAT(identity.error().message, Catch::Contains(row.refusal));
        }
        CHECK(issuer.count("/token") <= 1); // RP-23
    }
}

} // namespace

TEST_CASE("S13 RP-09 an id_token with a wrong algorithm, key or signature is refused") {
    check(signature_rows());
}

TEST_CASE("S13 RP-05 RP-10 RP-15 an id_token with a wrong claim is refused") {
    check(claim_rows());
}

TEST_CASE("S13 RP-08 RP-11 a provider's answers that do not fit together are refused") {
    check(answer_rows());
}
