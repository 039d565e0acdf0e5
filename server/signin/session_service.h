#pragma once

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/result.h"
#include "platform/secret_string.h"
#include "server/signin/settings.h"
#include "server/signin/store.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::server::signin {

/// `typ` of the JWS that answers a challenge. The contract has it too, and server/http compares the two.
inline constexpr std::string_view k_renewal_proof_type = "dbsc+jwt";
/// The class of sessions that began with a device grant.
inline constexpr const char* k_device_class = "device";

struct RedeemRequest {
    std::string code;
    std::string code_verifier;
    std::string redirect_uri;
    std::string device_thumbprint; ///< of the key that made the proof of this request
};

/// A cookie that is about to be sent, and the challenge for the renewal after it.
struct IssuedCookie {
    SessionWithUser owner;
    platform::SecretString cookie;
    std::int64_t expires_in = 0; ///< seconds
    std::string challenge;
};

/// What a renewal came to.
struct Renewal {
    std::optional<IssuedCookie> issued;
    std::string challenge; ///< when nothing was issued: sign this one (SE-11)
};

/// Sessions from the redeemed code to their end. Knows neither HTTP nor SQL. Thread-safe. Kind `unreachable` always means the store.
class SessionService {
public:
    SessionService(Settings settings, Store& store, const platform::Clock& clock, platform::Random& random);

    /// AS-03, AS-04. Errors: invalid (code invalid_grant), unreachable.
    [[nodiscard]] platform::Result<IssuedCookie> redeem(const RedeemRequest& request);
    /// The same once the pairing has been found; `request.code` does not matter. Errors also: cancelled (somebody else has redeemed it since it
    /// was found: find it again).
    [[nodiscard]] platform::Result<IssuedCookie> redeem(const Pairing& pairing, const RedeemRequest& request);
    /// That the request comes from the one who began the pairing. Otherwise somebody has what they should not have, and the pairing ends.
    /// Errors: invalid (code invalid_grant), unreachable.
    [[nodiscard]] platform::Result<void> check_or_burn(const Pairing& pairing, const RedeemRequest& request);
    /// The live session behind a cookie's value; nullopt when there is none. Errors: unreachable.
    [[nodiscard]] platform::Result<SessionPtr> authenticate(const std::string& cookie);
    /// `proof`: the JWS, or empty. Nothing but a good proof over the current challenge changes anything, so nobody else can get in the way.
    /// `url`: what its audience must be. Errors: denied (code session_ended or invalid_proof), unreachable.
    [[nodiscard]] platform::Result<Renewal> renew(const std::string& session_id, const std::string& proof,
                                                  const std::string& url);
    /// Ends the session if the key is its own; an unknown one counts as ended (RFC 7009). Errors: denied (another key), unreachable.
    [[nodiscard]] platform::Result<void> revoke(const std::string& session_id, const std::string& device_thumbprint);

    // What a person may see and end, of their own (SE-09, SE-10).
    /// The live session, if the key is its own. Errors: denied (code session_ended or invalid_client), unreachable.
    [[nodiscard]] platform::Result<SessionWithUser> own(const std::string& session_id,
                                                        const std::string& device_thumbprint);
    /// All live sessions of that session's user. Errors: unreachable.
    [[nodiscard]] platform::Result<std::vector<Session>> list(const SessionWithUser& owner);
    /// Ends those, in the name of that person. How many were live. Errors: unreachable.
    [[nodiscard]] platform::Result<int> revoke_all(const SessionWithUser& owner, const std::vector<Session>& sessions);

private:
    [[nodiscard]] std::int64_t now() const { return platform::to_unix(m_clock.now()); }
    [[nodiscard]] bool is_live(const SessionWithUser& owner, std::int64_t time) const;
    [[nodiscard]] platform::Error burn(const Pairing& pairing, const char* mismatch);
    [[nodiscard]] platform::Result<IssuedCookie> redeem_first(const Pairing& pairing);
    [[nodiscard]] platform::Result<IssuedCookie> redeem_again(const Pairing& pairing, bool genuine);
    [[nodiscard]] std::int64_t cookie_expiry(const Session& session, std::int64_t time) const;

    const Settings m_settings;
    Store& m_store;
    const platform::Clock& m_clock;
    platform::Random& m_random;
};

} // namespace keyfob::server::signin
