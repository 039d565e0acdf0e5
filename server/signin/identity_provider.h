#pragma once

#include "platform/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace keyfob::server::signin {

/// Who a provider says somebody is. The key of a user is (issuer, subject) and nothing else (RP-12).
struct Identity {
    std::string issuer;
    std::string subject;
    std::string name;                       ///< for people; may be empty
    std::string email;                      ///< empty unless given
    bool email_verified = false;            ///< the claim was JSON true (RP-13)
    std::string hosted_domain;              ///< Google's `hd`, of the id_token itself (RP-14); empty: a private account
    std::vector<std::string> groups;        ///< as the provider writes them: names, paths, or Entra's object ids
    std::vector<std::string> organizations; ///< GitHub's, of which the person is an active member
    std::vector<std::string> teams;         ///< GitHub's, `organization/team`
    std::string session_id;                 ///< what the provider calls its own session (`sid`); empty unless given
    /// Other string-valued (or string-array) claims, for `claim` rules: name and value, one pair per value.
    std::vector<std::pair<std::string, std::string>> claims;
};

/// A provider says that a sign-in of its has ended (OpenID Connect Back-Channel Logout 1.0). One of subject and session_id may be empty.
struct LogoutNotice {
    std::string issuer;
    std::string subject;    ///< empty: whoever has that session
    std::string session_id; ///< empty: all of that subject
    std::string token_id;   ///< what tells a repetition
    std::int64_t expires_at = 0;
};

/// The per-attempt values that bind a browser to a provider's answer.
struct UpstreamAttempt {
    std::string state;
    std::string nonce;
    std::string code_verifier;
};

/// One outside identity provider. Implementations are thread-safe. The two calls below may wait for the network: only the upstream pool
/// calls them.
class IdentityProvider {
public:
    virtual ~IdentityProvider() = default;
    [[nodiscard]] virtual const std::string& id() const = 0; ///< the configured id; names the callback path
    [[nodiscard]] virtual const std::string& display_name() const = 0;
    /// Where the browser goes. Errors: unreachable, timed_out (discovery), invalid (the provider's metadata breaks a rule).
    [[nodiscard]] virtual platform::Result<std::string> authorization_url(const UpstreamAttempt& attempt) = 0;
    /// The answer that came to the callback: `issuer` is the `iss` parameter or empty (RFC 9207; RP-06).
    /// Exchanges the code once (RP-23), verifies the id_token and, where needed, userinfo.
    /// Errors: unreachable, timed_out, invalid (a check failed), denied (the provider refused the code).
    [[nodiscard]] virtual platform::Result<Identity> complete(const UpstreamAttempt& attempt, const std::string& code,
                                                              const std::string& issuer) = 0;
    /// For error answers, which never reach complete(): whether `iss` is acceptable (RP-06). Does not block.
    [[nodiscard]] virtual bool accepts_issuer(const std::string& issuer) const = 0;
    /// Who these claims, a JSON object, are about; for who asks what the rules would say of somebody, and for nothing else: they are believed.
    /// Errors: invalid.
    [[nodiscard]] virtual platform::Result<Identity> believe(const std::string& claims) const = 0;
    /// A logout token whose signature and claims are good; whether it is a repetition is for the caller to see. May wait for the network.
    /// Errors: unreachable, timed_out, invalid.
    [[nodiscard]] virtual platform::Result<LogoutNotice> read_logout_token(const std::string& /*token*/) {
        return platform::Error{platform::ErrorKind::invalid, "this provider sends no logout tokens"};
    }
    /// Fetches what it needs before the first sign-in. May wait for the network. Errors: those of authorization_url().
    [[nodiscard]] virtual platform::Result<void> prepare() { return {}; }
    /// True when discovery has succeeded at least once; for /readyz. Does not block.
    [[nodiscard]] virtual bool ready() const = 0;
};

} // namespace keyfob::server::signin
