#pragma once

#include <string>

namespace keyfob::server::signin {

/// Proof Key for Code Exchange (RFC 7636), S256 alone (AS-03).
[[nodiscard]] bool is_code_challenge(const std::string& text); ///< base64url of 32 octets
/// False also for a verifier shorter or longer than RFC 7636 section 4.1 has them, whatever its challenge.
[[nodiscard]] bool is_verifier_of(const std::string& challenge, const std::string& verifier);

} // namespace keyfob::server::signin
