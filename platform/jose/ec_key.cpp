#include "platform/jose/ec_key.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/json.h"
#include "platform/openssl_handle.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include <stdexcept>

namespace keyfob::platform::jose {
namespace {

constexpr std::size_t k_coordinate = 32;
constexpr const char* k_group = "prime256v1";

using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using Memory = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using Signature = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using ParameterBuilder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Parameters = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;

std::shared_ptr<EVP_PKEY> own(EVP_PKEY* key) {
    return {key, EVP_PKEY_free};
}

bool is_p256(EVP_PKEY* key) {
    char name[64] = {};
    std::size_t length = 0;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, name, sizeof name, &length) == 1 &&
           std::string_view(name, length) == k_group;
}

/// The point as 04 ‖ x ‖ y.
std::string public_point(EVP_PKEY* key) {
    std::string point(1 + 2 * k_coordinate, '\0');
    std::size_t length = 0;
    // The provider may keep another form; the parameter is set when the key is made, so this is uncompressed.
    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, octets_of(point), point.size(), &length) != 1 ||
        length != point.size())
        throw std::logic_error("a P-256 key without its point");
    return point;
}

std::shared_ptr<EVP_PKEY> key_from_point(std::string point) {
    const ParameterBuilder builder(OSSL_PARAM_BLD_new());
    OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, k_group, 0);
    OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
    const Parameters parameters(OSSL_PARAM_BLD_to_param(builder.get()));
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
    EVP_PKEY* key = nullptr;
    if (EVP_PKEY_fromdata_init(context.get()) != 1 ||
        EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1)
        return nullptr;
    auto owned = own(key);
    const KeyContext check(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
    return EVP_PKEY_public_check(check.get()) == 1 ? owned : nullptr; // on the curve, and not at infinity
}

std::string to_raw(const std::string& der) {
    const unsigned char* position = octets_of(std::string_view(der));
    const Signature signature(d2i_ECDSA_SIG(nullptr, &position, static_cast<long>(der.size())));
    std::string raw(2 * k_coordinate, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), octets_of(raw), k_coordinate);
    BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), octets_of(raw) + k_coordinate, k_coordinate);
    return raw;
}

std::string to_der(std::string_view raw) {
    const Signature signature(ECDSA_SIG_new());
    ECDSA_SIG_set0(signature.get(), BN_bin2bn(octets_of(raw), k_coordinate, nullptr),
                   BN_bin2bn(octets_of(raw) + k_coordinate, k_coordinate, nullptr));
    const int length = i2d_ECDSA_SIG(signature.get(), nullptr);
    std::string der(static_cast<std::size_t>(length), '\0');
    unsigned char* position = octets_of(der);
    i2d_ECDSA_SIG(signature.get(), &position);
    return der;
}

} // namespace

EcKey::EcKey(std::shared_ptr<evp_pkey_st> key, bool has_private) : m_key(std::move(key)), m_has_private(has_private) {}

EcKey EcKey::generate() {
    auto key = own(EVP_EC_gen("P-256"));
    if (!key)
        throw std::runtime_error("OpenSSL cannot make a P-256 key");
    return {std::move(key), true};
}

Result<EcKey> EcKey::from_public_jwk(const Poco::JSON::Object& jwk) {
    const Error malformed{ErrorKind::invalid, "not a P-256 public key"};
    if (json::get_string(jwk, "kty") != "EC" || json::get_string(jwk, "crv") != "P-256" || jwk.has("d"))
        return malformed;
    const auto x = base64url_decode(json::get_string(jwk, "x").value_or(""));
    const auto y = base64url_decode(json::get_string(jwk, "y").value_or(""));
    if (!x || !y || x->size() != k_coordinate || y->size() != k_coordinate)
        return malformed;
    auto key = key_from_point('\x04' + *x + *y);
    if (!key)
        return malformed;
    return EcKey(std::move(key), false);
}

Result<EcKey> EcKey::from_private_pem(std::string_view pem) {
    const Memory memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    const auto no_passphrase = [](char*, int, int, void*) { return -1; }; // OpenSSL's own would ask on the terminal
    auto key = own(PEM_read_bio_PrivateKey(memory.get(), nullptr, no_passphrase, nullptr));
    if (!key || !is_p256(key.get()))
        return Error{ErrorKind::invalid, "not a P-256 private key"};
    return EcKey(std::move(key), true);
}

SecretString EcKey::private_pem() const {
    const Memory memory(BIO_new(BIO_s_secmem()));
    if (PEM_write_bio_PKCS8PrivateKey(memory.get(), m_key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        throw std::logic_error("a public key has no private part");
    char* text = nullptr;
    const long length = BIO_get_mem_data(memory.get(), &text);
    return SecretString(std::string(text, static_cast<std::size_t>(length)));
}

Poco::JSON::Object::Ptr EcKey::public_jwk() const {
    const std::string point = public_point(m_key.get());
    Poco::JSON::Object::Ptr jwk(new Poco::JSON::Object);
    jwk->set("kty", "EC");
    jwk->set("crv", "P-256");
    jwk->set("x", base64url_encode(std::string_view(point).substr(1, k_coordinate)));
    jwk->set("y", base64url_encode(std::string_view(point).substr(1 + k_coordinate)));
    return jwk;
}

std::string EcKey::thumbprint() const {
    const auto jwk = public_jwk();
    const std::string members = R"({"crv":"P-256","kty":"EC","x":")" + jwk->getValue<std::string>("x") + R"(","y":")" +
                                jwk->getValue<std::string>("y") + "\"}";
    return base64url_encode(sha256(members));
}

std::string EcKey::sign(std::string_view message) const {
    const DigestContext context(EVP_MD_CTX_new());
    std::size_t length = 0;
    if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, m_key.get()) != 1 ||
        EVP_DigestSign(context.get(), nullptr, &length, octets_of(message), message.size()) != 1)
        throw std::logic_error("a key that cannot sign");
    std::string der(length, '\0');
    if (EVP_DigestSign(context.get(), octets_of(der), &length, octets_of(message), message.size()) != 1)
        throw std::runtime_error("signing failed");
    der.resize(length);
    return to_raw(der);
}

bool EcKey::verify(std::string_view message, std::string_view signature) const {
    if (signature.size() != 2 * k_coordinate)
        return false;
    const std::string der =
        to_der(signature); // r or s of zero, or above the order, is refused by the verification itself
    const DigestContext context(EVP_MD_CTX_new());
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, m_key.get()) == 1 &&
           EVP_DigestVerify(context.get(), octets_of(std::string_view(der)), der.size(), octets_of(message),
                            message.size()) == 1;
}

} // namespace keyfob::platform::jose
