#pragma once

#include "platform/jose/ec_key.h"
#include "platform/result.h"

#include <Poco/JSON/Object.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::platform::jose {

/// Longest compact serialization that is looked at.
inline constexpr std::size_t k_max_token_bytes = 16 * 1024;

/// A JWS in compact serialization, taken apart and not yet verified.
struct Jwt {
    Poco::JSON::Object::Ptr header;
    Poco::JSON::Object::Ptr payload;
    std::string signing_input;
    std::string signature; ///< raw octets

    [[nodiscard]] std::string algorithm() const; ///< `alg`, empty if absent or no string
    [[nodiscard]] std::string type() const;      ///< `typ`, lower case, empty if absent
    [[nodiscard]] std::string key_id() const;    ///< `kid`
};

/// Exactly three segments of strict base64url, both objects by json::parse_object; a `crit` or `b64` member is refused, because we
/// understand no extension (RFC 7515 section 4.1.11; RP-09). Errors: invalid.
[[nodiscard]] Result<Jwt> parse_jwt(std::string_view text);

/// Signs with ES256; `alg` is added to the header.
[[nodiscard]] std::string sign_jwt(const EcKey& key, Poco::JSON::Object header, const Poco::JSON::Object& payload);

/// The public keys of a JWKS and the JWS algorithms of asymmetric keys (RP-09, RP-16): RS256 and ES256, RSA of at least 2048 bits with an
/// odd public exponent above 2; keys with `use` other than sig and unknown kinds are skipped. Immutable, shareable.
class KeySet {
public:
    [[nodiscard]] static Result<KeySet> parse(std::string_view jwks_text); ///< Errors: invalid
    [[nodiscard]] std::size_t size() const { return m_keys.size(); }
    [[nodiscard]] bool has_key_id(std::string_view key_id) const;
    /// The signature over the token by a key of this set whose kind fits `alg`: the one with the token's `kid`; without `kid` any fitting.
    /// `none` and HS* never verify. The header's own `jwk`, `jku`, `x5c` are ignored.
    [[nodiscard]] bool verify(const Jwt& token) const;

    struct Key {
        std::string key_id;
        std::string algorithm; ///< RS256 or ES256
        std::shared_ptr<evp_pkey_st> rsa;
        std::optional<EcKey> ec;
    };

private:
    std::vector<Key> m_keys;
};

} // namespace keyfob::platform::jose
