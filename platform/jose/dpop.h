#pragma once

#include "platform/clock.h"
#include "platform/jose/ec_key.h"
#include "platform/result.h"

#include <string>
#include <string_view>

namespace keyfob::platform::jose {

/// RFC 9449 proofs. The agent makes them, the server checks them; both halves stand side by side so that they cannot drift.
struct DpopProof {
    EcKey key;
    std::string thumbprint;
    std::string id;    ///< jti: the server remembers it
    std::string nonce; ///< empty if absent
};

[[nodiscard]] std::string make_dpop_proof(const EcKey& key, std::string_view method, std::string_view url,
                                          std::string_view nonce, std::string_view id, WallTime now);

/// Everything of RFC 9449 section 4.3 that needs no memory: typ `dpop+jwt`, ES256, public jwk, signature, htm, htu equal to `url` (no query),
/// jti of 16 to 128 characters, iat an integer. Age, nonce and single use are the caller's. Errors: invalid.
[[nodiscard]] Result<DpopProof> check_dpop_proof(std::string_view proof, std::string_view method, std::string_view url);

} // namespace keyfob::platform::jose
