#pragma once

#include "platform/jose/jwt.h"
#include "platform/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace keyfob::server::identity {

struct IdTokenExpectation {
    std::vector<std::string> issuers; ///< usually one; Google has two spellings (RP-14)
    std::string client_id;
    std::string nonce;        ///< never empty: one was sent (RP-05)
    std::string access_token; ///< for at_hash; may be empty
    std::string code;         ///< for c_hash
    std::int64_t now = 0;     ///< seconds since 1970
};

// Of what a provider signs, be it an id_token or a logout token. Errors: invalid.
/// We accept ourselves as the only audience: who else it is for we cannot judge (RP-10).
[[nodiscard]] platform::Result<void> check_audience(const Poco::JSON::Object& claims, const std::string& client_id);
[[nodiscard]] platform::Result<void> check_times(const Poco::JSON::Object& claims, std::int64_t now); ///< exp, iat, nbf

/// What may be a `sub`: not empty, and no more than 255 octets of printable ASCII (RP-10).
[[nodiscard]] bool is_subject(const std::string& text);

/// What can be said of a token before its signature is verified: its kind, and an algorithm that this provider announces (RP-09).
/// Errors: invalid.
[[nodiscard]] platform::Result<void> check_id_token_header(const platform::jose::Jwt& token,
                                                           const std::vector<std::string>& algorithms);

/// The claims of an id_token whose signature has been verified (OpenID Connect Core 3.1.3.7; RP-05, RP-10, RP-15).
/// Errors: invalid; each rule has a text of its own.
[[nodiscard]] platform::Result<void> check_id_token_claims(const platform::jose::Jwt& token,
                                                           const IdTokenExpectation& expected);

} // namespace keyfob::server::identity
