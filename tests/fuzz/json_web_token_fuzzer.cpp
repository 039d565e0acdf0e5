#include "platform/jose/jwt.h"
#include "platform/jose/preflight.h"
#include "platform/json.h"
#include "server/identity/id_token.h"
#include "tests/fuzz/signed_input.h"

using namespace keyfob;
using namespace keyfob::platform;
using keyfob::fuzz::require;

namespace {

constexpr const char* k_issuer = "https://login.example.com";
constexpr std::int64_t k_now = 1'800'000'000;

jose::KeySet set_of(const jose::EcKey& key) {
    auto jwk = key.public_jwk();
    jwk->set("kid", "known");
    Poco::JSON::Array keys;
    keys.add(jwk);
    Poco::JSON::Object set;
    set.set("keys", keys);
    return jose::KeySet::parse(json::to_text(set)).value();
}

void check_signature(const fuzz::SignedInput& input, const jose::Jwt& token) {
    static const jose::KeySet k_known = set_of(fuzz::known_key());
    static const jose::KeySet k_strange = set_of(jose::EcKey::generate());
    const bool fits = token.algorithm() == "ES256" && (token.key_id().empty() || token.key_id() == "known");
    require(k_known.verify(token) == (input.is_genuine || (input.is_signed && fits)),
            "RP-09: a token verifies by the key that signed it, and not when one octet is another");
    require(!k_strange.verify(token), "RP-09: nothing verifies by a key that has signed nothing");
}

/// RP-05, RP-10, RP-15: what the claims have to be is what they are.
void check_claims(const jose::Jwt& token) {
    const server::identity::IdTokenExpectation expected{{k_issuer}, "keyfob", "the-nonce", "", "", k_now};
    if (!server::identity::check_id_token_claims(token, expected))
        return;
    const Poco::JSON::Object& claims = *token.payload;
    require(json::get_string(claims, "iss") == k_issuer && json::get_string(claims, "nonce") == "the-nonce" &&
                !json::get_string(claims, "sub").value_or("").empty(),
            "issuer, nonce and subject");
    require(json::get_integer(claims, "exp") > k_now - 61 && json::get_integer(claims, "iat") < k_now + 61,
            "it is valid now");
    require(json::get_string(claims, "aud") == "keyfob" ||
                json::get_strings(claims, "aud") == std::vector<std::string>{"keyfob"},
            "we are the only audience");
}

/// AS-08: the agent's answer to a pre-flight is a token too.
void check_preflight(const fuzz::SignedInput& input) {
    const auto answer = jose::UnverifiedPreflight::parse(input.token);
    if (!answer)
        return;
    const auto verified = answer->verify(fuzz::known_key());
    require(verified.has_value() == input.is_signed, "AS-08: an answer verifies by the key that signed it");
    require(!verified || verified->challenge == answer->challenge(), "AS-08: it is the answer to one challenge");
}

} // namespace

/// A token is taken in one spelling only, and believed when it was signed, only.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::string k_genuine = fuzz::sign(R"({"alg":"ES256","kid":"known"})", R"({"sub":"anna"})");
    const fuzz::SignedInput input(fuzz::text_of(data, size), k_genuine);
    const auto token = jose::parse_jwt(input.token);
    if (!token) {
        require(token.error().kind == ErrorKind::invalid && !input.is_genuine, "a refused token is invalid");
        return 0;
    }
    require(token->signing_input + "." + base64url_encode(token->signature) == input.token,
            "put together again it is the same");
    require(!token->header->has("crit") && !token->header->has("b64"), "RP-09: no extension is taken");
    check_signature(input, *token);
    check_claims(*token);
    check_preflight(input);
    return 0;
}
