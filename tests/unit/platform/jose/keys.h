#pragma once

#include "platform/encoding.h"
#include "platform/jose/jwt.h"
#include "platform/json.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

namespace keyfob::platform::jose::tests {

inline Poco::JSON::Object::Ptr object_of(const std::string& text) {
    auto object = json::parse_object(text);
    INFO(text);
    REQUIRE(object);
    return *object;
}

/// Appendix A.2 and A.3 of RFC 7515 share their payload.
inline const std::string k_rfc_payload =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
inline const std::string k_rfc_ec_jwk =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
inline const std::string k_rfc_es256 =
    "eyJhbGciOiJFUzI1NiJ9." + k_rfc_payload +
    ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
inline const std::string k_rfc_rsa_modulus =
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-"
    "yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
    "KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-"
    "DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
inline const std::string k_rfc_rs256 =
    "eyJhbGciOiJSUzI1NiJ9." + k_rfc_payload +
    ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_"
    "O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQ"
    "jbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-"
    "eOkHWEsqtFZES"
    "c6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// An RSA key pair made for one test.
class RsaKey {
public:
    explicit RsaKey(unsigned bits) : m_key(EVP_RSA_gen(bits), EVP_PKEY_free) { REQUIRE(m_key); }

    [[nodiscard]] std::string number(const char* name) const {
        BIGNUM* value = nullptr;
        REQUIRE(EVP_PKEY_get_bn_param(m_key.get(), name, &value) == 1);
        std::string octets(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
        BN_bn2bin(value, reinterpret_cast<unsigned char*>(octets.data()));
        BN_free(value);
        return octets;
    }
    /// A public JWK; `more` is JSON text of further members, each with a comma before.
    [[nodiscard]] std::string jwk(const std::string& more = {}) const {
        return R"({"kty":"RSA","n":")" + base64url_encode(number(OSSL_PKEY_PARAM_RSA_N)) + R"(","e":")" +
               base64url_encode(number(OSSL_PKEY_PARAM_RSA_E)) + "\"" + more + "}";
    }
    [[nodiscard]] std::string sign(const std::string& message) const {
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        std::size_t length = 0;
        const auto* octets = reinterpret_cast<const unsigned char*>(message.data());
        REQUIRE(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, m_key.get()) == 1);
        REQUIRE(EVP_DigestSign(context.get(), nullptr, &length, octets, message.size()) == 1);
        std::string signature(length, '\0');
        REQUIRE(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, octets,
                               message.size()) == 1);
        signature.resize(length);
        return signature;
    }

private:
    std::shared_ptr<EVP_PKEY> m_key;
};

/// header.payload, both as JSON text.
inline std::string signing_input(const std::string& header, const std::string& payload = R"({"sub":"x"})") {
    return base64url_encode(header) + "." + base64url_encode(payload);
}

inline std::string es256(const EcKey& key, const std::string& header, const std::string& payload = R"({"sub":"x"})") {
    const std::string input = signing_input(header, payload);
    return input + "." + base64url_encode(key.sign(input));
}

inline std::string rs256(const RsaKey& key, const std::string& header, const std::string& payload = R"({"sub":"x"})") {
    const std::string input = signing_input(header, payload);
    return input + "." + base64url_encode(key.sign(input));
}

/// The JWK of an EC key with a `kid` and more.
inline std::string ec_jwk(const EcKey& key, const std::string& more = {}) {
    const auto jwk = key.public_jwk();
    return R"({"kty":"EC","crv":"P-256","x":")" + json::get_string(*jwk, "x").value() + R"(","y":")" +
           json::get_string(*jwk, "y").value() + "\"" + more + "}";
}

inline KeySet key_set(const std::vector<std::string>& jwks) {
    std::string text = R"({"keys":[)";
    for (const std::string& jwk : jwks)
        text += (text.back() == '[' ? "" : ",") + jwk;
    auto set = KeySet::parse(text + "]}");
    REQUIRE(set);
    return *set;
}

inline bool verifies(const KeySet& keys, const std::string& token) {
    const auto parsed = parse_jwt(token);
    return parsed && keys.verify(*parsed);
}

} // namespace keyfob::platform::jose::tests
