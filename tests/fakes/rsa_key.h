#pragma once

#include "platform/encoding.h"

#include <Poco/JSON/Object.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace keyfob::fakes {

/// The RSA key of a pretended provider. The programs never sign with RSA, so this stands with the tests alone.
class RsaKey {
public:
    explicit RsaKey(unsigned bits = 2048) : m_key(EVP_RSA_gen(bits), EVP_PKEY_free) {
        if (!m_key)
            throw std::runtime_error("OpenSSL makes no RSA key");
    }

    [[nodiscard]] Poco::JSON::Object::Ptr public_jwk(const std::string& key_id) const {
        Poco::JSON::Object::Ptr jwk(new Poco::JSON::Object);
        jwk->set("kty", "RSA");
        jwk->set("use", "sig");
        jwk->set("alg", "RS256");
        if (!key_id.empty())
            jwk->set("kid", key_id);
        jwk->set("n", number(OSSL_PKEY_PARAM_RSA_N));
        jwk->set("e", number(OSSL_PKEY_PARAM_RSA_E));
        return jwk;
    }

    [[nodiscard]] std::string public_pem() const {
        const std::unique_ptr<BIO, decltype(&BIO_free_all)> memory(BIO_new(BIO_s_mem()), BIO_free_all);
        PEM_write_bio_PUBKEY(memory.get(), m_key.get());
        char* text = nullptr;
        const long length = BIO_get_mem_data(memory.get(), &text);
        return {text, static_cast<std::size_t>(length)};
    }

    /// RS256.
    [[nodiscard]] std::string sign(const std::string& message) const {
        const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
        std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(m_key.get())), '\0');
        std::size_t length = signature.size();
        const auto* octets = reinterpret_cast<const unsigned char*>(message.data());
        if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, m_key.get()) != 1 ||
            EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &length, octets,
                           message.size()) != 1)
            throw std::runtime_error("OpenSSL does not sign");
        signature.resize(length);
        return signature;
    }

private:
    [[nodiscard]] std::string number(const char* name) const {
        BIGNUM* value = nullptr;
        EVP_PKEY_get_bn_param(m_key.get(), name, &value);
        const std::unique_ptr<BIGNUM, decltype(&BN_free)> owned(value, BN_free);
        std::string octets(static_cast<std::size_t>(BN_num_bytes(value)), '\0');
        BN_bn2bin(value, reinterpret_cast<unsigned char*>(octets.data()));
        return platform::base64url_encode(octets);
    }

    std::shared_ptr<EVP_PKEY> m_key;
};

} // namespace keyfob::fakes
