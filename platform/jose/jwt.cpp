#include "platform/jose/jwt.h"

#include "platform/encoding.h"
#include "platform/json.h"
#include "platform/openssl_handle.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <algorithm>

namespace keyfob::platform::jose {
namespace {

constexpr int k_smallest_rsa = 2048;
constexpr int k_largest_rsa = 8192; // a larger one costs us more than it costs the one who made it
constexpr std::size_t k_most_keys = 64;

using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;

Error malformed() {
    return {ErrorKind::invalid, "not a well-formed token"};
}

Number number_of(const Poco::JSON::Object& jwk, const char* name) {
    const auto octets = base64url_decode(json::get_string(jwk, name).value_or(""));
    if (!octets || octets->empty())
        return nullptr;
    return Number(BN_bin2bn(octets_of(*octets), static_cast<int>(octets->size()), nullptr));
}

std::shared_ptr<EVP_PKEY> rsa_key(const Poco::JSON::Object& jwk) {
    const Number modulus = number_of(jwk, "n");
    const Number exponent = number_of(jwk, "e");
    if (!modulus || !exponent || BN_num_bits(modulus.get()) < k_smallest_rsa ||
        BN_num_bits(modulus.get()) > k_largest_rsa || !BN_is_odd(exponent.get()) || BN_num_bits(exponent.get()) < 2 ||
        BN_num_bits(exponent.get()) > 64)
        return nullptr;
    const std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>> builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get());
    OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get());
    const std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    const std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>> context(
        EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return nullptr;
    return {key, EVP_PKEY_free};
}

/// nullopt: not a key that we use (RP-16).
std::optional<KeySet::Key> usable_key(const Poco::JSON::Object& jwk) {
    if (const auto use = json::get_string(jwk, "use"); use && *use != "sig")
        return std::nullopt;
    KeySet::Key key;
    key.key_id = json::get_string(jwk, "kid").value_or("");
    const std::string kind = json::get_string(jwk, "kty").value_or("");
    if (kind == "RSA") {
        key.algorithm = "RS256";
        key.rsa = rsa_key(jwk);
    } else if (auto curve = EcKey::from_public_jwk(jwk); curve) {
        key.algorithm = "ES256";
        key.ec = std::move(*curve);
    }
    if (!key.rsa && !key.ec)
        return std::nullopt;
    if (const auto algorithm = json::get_string(jwk, "alg"); algorithm && *algorithm != key.algorithm)
        return std::nullopt;
    return key;
}

bool verify_rsa(EVP_PKEY* key, const Jwt& token) {
    const std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), octets_of(token.signature), token.signature.size(),
                            octets_of(token.signing_input), token.signing_input.size()) == 1;
}

bool verify_with(const KeySet::Key& key, const Jwt& token) {
    return key.ec ? key.ec->verify(token.signing_input, token.signature) : verify_rsa(key.rsa.get(), token);
}

} // namespace

std::string Jwt::algorithm() const {
    return json::get_string(*header, "alg").value_or("");
}
std::string Jwt::type() const {
    return lower_case(json::get_string(*header, "typ").value_or(""));
}
std::string Jwt::key_id() const {
    return json::get_string(*header, "kid").value_or("");
}

Result<Jwt> parse_jwt(std::string_view text) {
    if (text.size() > k_max_token_bytes || std::count(text.begin(), text.end(), '.') != 2)
        return malformed();
    const std::size_t first = text.find('.');
    const std::size_t last = text.rfind('.');
    const auto header = base64url_decode(text.substr(0, first));
    const auto payload = base64url_decode(text.substr(first + 1, last - first - 1));
    const auto signature = base64url_decode(text.substr(last + 1));
    if (!header || !payload || !signature || signature->empty())
        return malformed();
    Jwt token;
    KEYFOB_TRY_ASSIGN(token.header, json::parse_object(*header));
    KEYFOB_TRY_ASSIGN(token.payload, json::parse_object(*payload));
    if (token.header->has("crit") || token.header->has("b64"))
        return malformed();
    token.signing_input = text.substr(0, last);
    token.signature = *signature;
    return token;
}

std::string sign_jwt(const EcKey& key, Poco::JSON::Object header, const Poco::JSON::Object& payload) {
    header.set("alg", "ES256");
    const std::string input = base64url_encode(json::to_text(header)) + "." + base64url_encode(json::to_text(payload));
    return input + "." + base64url_encode(key.sign(input));
}

Result<KeySet> KeySet::parse(std::string_view jwks_text) {
    KEYFOB_TRY_ASSIGN(const auto object, json::parse_object(jwks_text));
    const auto keys = json::get_array(*object, "keys");
    if (keys.isNull() || keys->size() > k_most_keys)
        return Error{ErrorKind::invalid, "not a key set"};
    KeySet set;
    for (unsigned i = 0; i < keys->size(); ++i) {
        const Poco::JSON::Object::Ptr jwk = keys->getObject(i);
        if (auto key = jwk.isNull() ? std::nullopt : usable_key(*jwk))
            set.m_keys.push_back(std::move(*key));
    }
    return set;
}

bool KeySet::has_key_id(std::string_view key_id) const {
    return std::any_of(m_keys.begin(), m_keys.end(), [&](const Key& key) { return key.key_id == key_id; });
}

bool KeySet::verify(const Jwt& token) const {
    const std::string algorithm = token.algorithm();
    const std::string key_id = token.key_id();
    return std::any_of(m_keys.begin(), m_keys.end(), [&](const Key& key) {
        return key.algorithm == algorithm && (key_id.empty() || key.key_id == key_id) && verify_with(key, token);
    });
}

} // namespace keyfob::platform::jose
