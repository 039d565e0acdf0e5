#include "platform/jose/dpop.h"

#include "platform/jose/jwt.h"
#include "platform/json.h"

namespace keyfob::platform::jose {
namespace {

constexpr const char* k_proof_type = "dpop+jwt";
constexpr std::size_t k_shortest_id = 16;
constexpr std::size_t k_longest_id = 128;

Error refused_proof(const char* why) {
    return {ErrorKind::invalid, std::string("the DPoP proof is not valid: ") + why, "", "invalid_dpop_proof"};
}

} // namespace

std::string make_dpop_proof(const EcKey& key, std::string_view method, std::string_view url, std::string_view nonce,
                            std::string_view id, WallTime now) {
    Poco::JSON::Object header;
    header.set("typ", k_proof_type);
    header.set("jwk", key.public_jwk());
    Poco::JSON::Object payload;
    payload.set("jti", std::string(id));
    payload.set("htm", std::string(method));
    payload.set("htu", std::string(url));
    payload.set("iat", to_unix(now));
    if (!nonce.empty())
        payload.set("nonce", std::string(nonce));
    return sign_jwt(key, header, payload);
}

Result<DpopProof> check_dpop_proof(std::string_view proof, std::string_view method, std::string_view url) {
    const auto token = parse_jwt(proof);
    if (!token)
        return refused_proof("it is malformed");
    if (token->type() != k_proof_type || token->algorithm() != "ES256")
        return refused_proof("its kind or algorithm is another");
    const auto jwk = json::get_object(*token->header, "jwk");
    if (jwk.isNull())
        return refused_proof("it has no key");
    auto key = EcKey::from_public_jwk(*jwk);
    if (!key || !key->verify(token->signing_input, token->signature))
        return refused_proof("its signature does not fit its key");
    const Poco::JSON::Object& payload = *token->payload;
    if (json::get_string(payload, "htm") != method || json::get_string(payload, "htu") != url)
        return refused_proof("it was made for another request");
    const std::string id = json::get_string(payload, "jti").value_or("");
    if (id.size() < k_shortest_id || id.size() > k_longest_id || !json::get_integer(payload, "iat"))
        return refused_proof("jti or iat is missing");
    std::string thumbprint = key->thumbprint();
    return DpopProof{std::move(*key), std::move(thumbprint), id, json::get_string(payload, "nonce").value_or("")};
}

} // namespace keyfob::platform::jose
