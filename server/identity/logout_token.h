#pragma once

#include "platform/jose/jwt.h"
#include "platform/result.h"
#include "server/signin/identity_provider.h"

#include <cstdint>
#include <string>
#include <vector>

namespace keyfob::server::identity {

struct LogoutExpectation {
    std::vector<std::string> issuers;
    std::string client_id;
    std::int64_t now = 0; ///< seconds since 1970
};

/// What can be said of a logout token before its signature is verified: `logout+jwt` or no kind at all, and an algorithm that this provider
/// announces. Errors: invalid.
[[nodiscard]] platform::Result<void> check_logout_token_header(const platform::jose::Jwt& token,
                                                               const std::vector<std::string>& algorithms);

/// What a logout token whose signature has been verified says (OpenID Connect Back-Channel Logout 1.0, section 2.6; RP-28): issuer, audience,
/// times, jti, the event, sub or sid, and no nonce, so that no id_token can be taken for one. The notice's issuer is the first of
/// `expected.issuers`. Errors: invalid; each rule has a text of its own.
[[nodiscard]] platform::Result<signin::LogoutNotice> read_logout_claims(const platform::jose::Jwt& token,
                                                                        const LogoutExpectation& expected);

} // namespace keyfob::server::identity
