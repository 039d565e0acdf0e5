#pragma once

#include "platform/result.h"
#include "platform/secret_string.h"

#include <Poco/JSON/Object.h>

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace keyfob::platform::jose {

/// A P-256 key pair or public key on OpenSSL's EVP. Immutable and shareable between threads.
class EcKey {
public:
    [[nodiscard]] static EcKey generate();
    /// From a JWK with kty EC, crv P-256, x, y of exactly 32 octets, on the curve. A `d` member is refused: a peer must never
    /// send a private key. Errors: invalid.
    [[nodiscard]] static Result<EcKey> from_public_jwk(const Poco::JSON::Object& jwk);
    [[nodiscard]] static Result<EcKey> from_private_pem(std::string_view pem); ///< Errors: invalid

    [[nodiscard]] bool has_private() const { return m_has_private; }
    [[nodiscard]] SecretString private_pem() const;           ///< PKCS #8, unencrypted. Precondition: has_private()
    [[nodiscard]] Poco::JSON::Object::Ptr public_jwk() const; ///< kty, crv, x, y only
    [[nodiscard]] std::string thumbprint() const;             ///< RFC 7638, base64url

    /// ES256: raw r‖s, 64 octets (RFC 7518 section 3.4). Precondition: has_private().
    [[nodiscard]] std::string sign(std::string_view message) const;
    /// False for any signature that is not exactly 64 octets with 0 < r, s < n.
    [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

private:
    EcKey(std::shared_ptr<evp_pkey_st> key, bool has_private);
    std::shared_ptr<evp_pkey_st> m_key;
    bool m_has_private = false;
};

} // namespace keyfob::platform::jose
