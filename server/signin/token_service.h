#pragma once

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/result.h"
#include "platform/secret_string.h"
#include "server/signin/clients.h"
#include "server/signin/settings.h"
#include "server/signin/store.h"

#include <optional>
#include <string>

namespace keyfob::server::signin {

/// What a standard client sends for its token.
struct CodeGrant {
    std::string code;
    std::string code_verifier;
    std::string redirect_uri;
};

/// An access token that is about to be sent.
struct IssuedToken {
    platform::SecretString token;
    std::int64_t expires_in = 0; ///< seconds
};

/// The access tokens of standard clients (RFC 6749 section 1.4): opaque, for one hour (less where sessions may not be idle for that long), without
/// refresh, and never a cookie. Each stands for a session that has no key, so it dies with that: by revocation, with its user, or when its client
/// is taken out of the configuration. Knows neither HTTP nor SQL. Thread-safe. Kind `unreachable` always means the store.
class TokenService {
public:
    TokenService(Settings settings, Store& store, const Clients& clients, const platform::Clock& clock,
                 platform::Random& random);

    /// AS-03, AS-04, but stricter: without a key nobody can tell a repetition from a replay, so every second use ends what the first one made.
    /// Errors: invalid (code invalid_grant), unreachable.
    [[nodiscard]] platform::Result<IssuedToken> redeem(const Client& client, const CodeGrant& grant);
    /// The same of a device grant that was found. Errors also: cancelled (somebody else has redeemed it since it was found: find it again).
    [[nodiscard]] platform::Result<IssuedToken> redeem(const Pairing& pairing, const Client& client);
    /// That this client began the pairing; else it ends. Errors: invalid (code invalid_grant), unreachable.
    [[nodiscard]] platform::Result<void> check_or_burn(const Pairing& pairing, const Client& client);
    /// The live session behind a token; nullopt when there is none, for whatever reason. Errors: unreachable.
    [[nodiscard]] platform::Result<SessionPtr> authenticate(const std::string& token);
    /// RFC 7009: what is not known counts as revoked. Errors: denied (code unauthorized_client: the token is another client's, and stays),
    /// unreachable.
    [[nodiscard]] platform::Result<void> revoke(const Client& client, const std::string& token);

private:
    [[nodiscard]] std::int64_t now() const { return platform::to_unix(m_clock.now()); }
    [[nodiscard]] platform::Error burn(const Pairing& pairing, const char* mismatch);
    [[nodiscard]] platform::Error end_replayed(const Pairing& pairing);
    [[nodiscard]] platform::Result<IssuedToken> redeem(const Pairing& pairing, const char* mismatch);
    [[nodiscard]] platform::Result<IssuedToken> issue(const Pairing& pairing);

    const Settings m_settings;
    Store& m_store;
    const Clients& m_clients;
    const platform::Clock& m_clock;
    platform::Random& m_random;
};

} // namespace keyfob::server::signin
