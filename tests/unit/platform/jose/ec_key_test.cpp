#include "platform/jose/ec_key.h"

#include "platform/encoding.h"
#include "tests/unit/platform/jose/keys.h"

#include <catch2/catch.hpp>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>

using namespace keyfob::platform;
using namespace keyfob::platform::jose;
using namespace keyfob::platform::jose::tests;

namespace {

constexpr const char* k_x = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
constexpr const char* k_y = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";

std::string jwk_text(const std::string& kty, const std::string& crv, const std::string& x, const std::string& y,
                     const std::string& more = {}) {
    return R"({"kty":")" + kty + R"(","crv":")" + crv + R"(","x":")" + x + R"(","y":")" + y + "\"" + more + "}";
}

EcKey rfc_key() {
    auto key = EcKey::from_public_jwk(*object_of(k_rfc_ec_jwk));
    REQUIRE(key);
    return *key;
}

std::string pem_of(EVP_PKEY* key, const EVP_CIPHER* cipher = nullptr, const char* passphrase = nullptr) {
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> memory(BIO_new(BIO_s_mem()), BIO_free_all);
    const int length = passphrase == nullptr ? 0 : static_cast<int>(std::string_view(passphrase).size());
    REQUIRE(PEM_write_bio_PKCS8PrivateKey(memory.get(), key, cipher, passphrase, length, nullptr, nullptr) == 1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory.get(), &text);
    return {text, static_cast<std::size_t>(size)};
}

std::string octets_of_hex(std::string_view hex) {
    std::string octets;
    for (std::size_t i = 0; i < hex.size(); i += 2)
        octets += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return octets;
}

const std::string k_order = octets_of_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");

} // namespace

TEST_CASE("ES256: the vector of RFC 7515 A.3") {
    const std::size_t dot = k_rfc_es256.rfind('.');
    const std::string message = k_rfc_es256.substr(0, dot);
    const std::string signature = base64url_decode(k_rfc_es256.substr(dot + 1)).value();
    const EcKey key = rfc_key();
    CHECK_FALSE(key.has_private());
    CHECK(key.verify(message, signature));
    CHECK_FALSE(key.verify(message + " ", signature));
    CHECK_FALSE(EcKey::generate().verify(message, signature));
    for (std::size_t i = 0; i < signature.size(); ++i) {
        std::string changed = signature;
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK_FALSE(key.verify(message, changed));
    }
}

TEST_CASE("RP-09: a signature of another form is refused") {
    const EcKey key = EcKey::generate();
    const std::string message = "message";
    const std::string signature = key.sign(message);
    REQUIRE(signature.size() == 64);
    REQUIRE(key.verify(message, signature));
    const std::string zero(32, '\0');
    const std::string r = signature.substr(0, 32);
    const std::string s = signature.substr(32);
    std::string one = zero;
    one.back() = 1;
    for (const std::string& wrong : {std::string(), zero + zero, r + zero, zero + s, k_order + s, r + k_order,
                                     k_order + k_order, one + one, std::string(64, '\xff'), signature.substr(0, 63),
                                     signature + '\0', '\0' + signature, r, r + r, s + r, signature + signature}) {
        INFO(hex_encode(wrong));
        CHECK_FALSE(key.verify(message, wrong));
    }
}

TEST_CASE("RP-09: a DER signature is none") {
    const std::string pem(EcKey::generate().private_pem().reveal());
    const std::unique_ptr<BIO, decltype(&BIO_free_all)> memory(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free_all);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> raw(
        PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    std::string der(80, '\0');
    std::size_t length = der.size();
    REQUIRE(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, raw.get()) == 1);
    REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &length,
                           reinterpret_cast<const unsigned char*>("message"), 7) == 1);
    der.resize(length);
    CHECK_FALSE(EcKey::from_private_pem(pem)->verify("message", der));
}

TEST_CASE("signatures have 64 octets whatever r and s are") {
    const EcKey key = EcKey::generate();
    for (int i = 0; i < 600; ++i) { // one in 128 has a leading zero octet in r or s
        const std::string message = std::to_string(i);
        const std::string signature = key.sign(message);
        REQUIRE(signature.size() == 64);
        REQUIRE(key.verify(message, signature));
    }
}

TEST_CASE("RP-16: what is not exactly a public P-256 key is refused") {
    const std::string off_curve = std::string(k_y).replace(5, 1, "A");
    const std::string prime =
        base64url_encode(octets_of_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff"));
    const std::string zero = base64url_encode(std::string(32, '\0'));
    const std::string text = GENERATE_COPY(
        jwk_text("EC", "P-256", k_x, k_y, R"(,"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI")"),
        jwk_text("EC", "P-256", k_x, k_y, R"(,"d":"")"), jwk_text("EC", "P-256", k_x, k_y, R"(,"d":null)"),
        jwk_text("EC", "P-256", k_x, off_curve), jwk_text("EC", "P-256", k_y, k_x), jwk_text("EC", "P-256", zero, zero),
        jwk_text("EC", "P-256", prime, k_y), jwk_text("EC", "P-256", k_x, prime), jwk_text("EC", "P-384", k_x, k_y),
        jwk_text("EC", "p-256", k_x, k_y), jwk_text("ec", "P-256", k_x, k_y), jwk_text("OKP", "P-256", k_x, k_y),
        jwk_text("RSA", "P-256", k_x, k_y), jwk_text("EC", "P-256", k_x, ""), jwk_text("EC", "P-256", "", ""),
        jwk_text("EC", "P-256", std::string(k_x) + "=", k_y),
        jwk_text("EC", "P-256", k_x, std::string(k_y).substr(0, 42)),
        jwk_text("EC", "P-256", "AA" + std::string(k_x), k_y),
        jwk_text("EC", "P-256", base64url_encode('\0' + base64url_decode(k_x).value()), k_y),
        jwk_text("EC", "P-256", base64url_encode(base64url_decode(k_x)->substr(1)), k_y),
        jwk_text("EC", "P-256", std::string(k_x).substr(0, 42) + "V", k_y), // the unused bits of the last letter
        std::string(R"({"kty":"EC","crv":"P-256"})"), std::string("{}"), R"({"kty":"EC","crv":"P-256","x":1,"y":2})");
    INFO(text);
    const auto key = EcKey::from_public_jwk(*object_of(text));
    REQUIRE_FALSE(key);
    CHECK(key.error().kind == ErrorKind::invalid);
}

TEST_CASE("a public JWK has the four members and nothing private") {
    const EcKey key = EcKey::generate();
    const auto jwk = key.public_jwk();
    CHECK(jwk->size() == 4);
    CHECK_FALSE(jwk->has("d"));
    const auto again = EcKey::from_public_jwk(*jwk);
    REQUIRE(again);
    CHECK_FALSE(again->has_private());
    CHECK(again->verify("message", key.sign("message")));
    CHECK(again->thumbprint() == key.thumbprint());
}

TEST_CASE("RFC 7638: the thumbprint of the key of RFC 9449 section 6.1, whatever else and in what order the JWK says") {
    const char* text = GENERATE(
        R"({"kty":"EC","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","crv":"P-256"})",
        R"({"use":"sig","alg":"ES256","kid":"1","crv":"P-256","kty":"EC","y":"9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA","x":"l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs"})");
    const auto key = EcKey::from_public_jwk(*object_of(text));
    REQUIRE(key);
    CHECK(key->thumbprint() == "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
}

TEST_CASE("a private key survives its PEM") {
    const EcKey key = EcKey::generate();
    REQUIRE(key.has_private());
    const SecretString pem = key.private_pem();
    CHECK(pem.reveal().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    const auto again = EcKey::from_private_pem(pem.reveal());
    REQUIRE(again);
    CHECK(again->has_private());
    CHECK(again->thumbprint() == key.thumbprint());
    CHECK(key.verify("message", again->sign("message")));
}

TEST_CASE("a PEM that is no P-256 private key is refused") {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> p256(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> p384(EVP_EC_gen("P-384"), EVP_PKEY_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> rsa(EVP_RSA_gen(2048), EVP_PKEY_free);
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> ed25519(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                                      EVP_PKEY_free);
    const std::string good = pem_of(p256.get());
    REQUIRE(EcKey::from_private_pem(good));
    for (const std::string& wrong : {std::string(), std::string("no key"), pem_of(p384.get()), pem_of(rsa.get()),
                                     pem_of(ed25519.get()), good.substr(0, good.size() / 2),
                                     std::string("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")}) {
        const auto key = EcKey::from_private_pem(wrong);
        REQUIRE_FALSE(key);
        CHECK(key.error().kind == ErrorKind::invalid);
    }
}

TEST_CASE("an encrypted PEM is refused without asking anybody for its passphrase") {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    CHECK_FALSE(EcKey::from_private_pem(pem_of(key.get(), EVP_aes_256_cbc(), "")));
    CHECK_FALSE(EcKey::from_private_pem(pem_of(key.get(), EVP_aes_256_cbc(), "passphrase")));
}
