#include "platform/jose/dpop.h"
#include "platform/jose/jwt.h"
#include "platform/json.h"
#include "tests/fuzz/signed_input.h"

using namespace keyfob;
using namespace keyfob::platform;
using keyfob::fuzz::require;

namespace {

constexpr const char* k_url = "https://server.example.com/token"; // the one of the proof in RFC 9449 section 4.1

/// Whether a proof with a good signature of the known key says what it must (RFC 9449 section 4.3).
bool says_all(const std::string& proof) {
    const auto token = jose::parse_jwt(proof);
    if (!token)
        return false;
    const auto jwk = json::get_object(*token->header, "jwk");
    const auto key = jwk.isNull() ? Error{} : jose::EcKey::from_public_jwk(*jwk);
    const std::size_t id_length = json::get_string(*token->payload, "jti").value_or("").size();
    return token->type() == "dpop+jwt" && token->algorithm() == "ES256" && key &&
           key->thumbprint() == fuzz::known_key().thumbprint() && json::get_string(*token->payload, "htm") == "POST" &&
           json::get_string(*token->payload, "htu") == k_url && id_length >= 16 && id_length <= 128 &&
           json::get_integer(*token->payload, "iat");
}

} // namespace

/// AS-10: a proof counts for its request alone, and not when one octet of it is another.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::string k_genuine =
        jose::make_dpop_proof(fuzz::known_key(), "POST", k_url, "the-nonce", "a-jti-of-16-octets", from_unix(1));
    const fuzz::SignedInput input(fuzz::text_of(data, size), k_genuine);
    const auto proof = jose::check_dpop_proof(input.token, "POST", k_url);
    require(proof.has_value() == (input.is_signed ? says_all(input.token) : input.is_genuine),
            "what is signed and says all of it is accepted, and nothing else");
    if (!proof) {
        require(proof.error().code == "invalid_dpop_proof", "a refusal has its code");
        return 0;
    }
    require(proof->thumbprint == fuzz::known_key().thumbprint() && proof->thumbprint == proof->key.thumbprint(),
            "it is the proof of the key that signed it");
    require(!jose::check_dpop_proof(input.token, "GET", k_url), "it is none for another method");
    require(!jose::check_dpop_proof(input.token, "POST", "https://server.example.com/par"), "nor for another URL");
    return 0;
}
