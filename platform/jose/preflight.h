#pragma once

#include "platform/clock.h"
#include "platform/jose/ec_key.h"
#include "platform/jose/jwt.h"
#include "platform/result.h"

#include <string>
#include <string_view>

namespace keyfob::platform::jose {

/// What the agent signs to show that it sits behind this very browser (AS-08). The agent makes it, the server checks it; both halves stand
/// side by side so that they cannot drift. It has a `typ` of its own, so that it never stands in for a DPoP proof or a renewal.
struct PreflightAnswer {
    std::string audience;     ///< the issuer that the agent was told by the person
    std::string challenge;    ///< jti: the server's, used once
    std::string request_hash; ///< secret_hash() of the request_uri that the agent was given for its push
};

[[nodiscard]] std::string sign_preflight(const EcKey& key, const PreflightAnswer& answer, WallTime now);

/// An answer whose form is right and whose signature nobody has looked at.
class UnverifiedPreflight {
public:
    /// Errors: invalid (`typ` keyfob-preflight+jwt, ES256, aud, jti, request_hash and iat are needed).
    [[nodiscard]] static Result<UnverifiedPreflight> parse(std::string_view proof);
    /// To find out whose key has to have signed it, and for nothing else.
    [[nodiscard]] const std::string& challenge() const { return m_answer.challenge; }
    /// Errors: invalid (another key).
    [[nodiscard]] Result<PreflightAnswer> verify(const EcKey& key) const;

private:
    UnverifiedPreflight(Jwt token, PreflightAnswer answer) : m_token(std::move(token)), m_answer(std::move(answer)) {}
    Jwt m_token;
    PreflightAnswer m_answer;
};

} // namespace keyfob::platform::jose
