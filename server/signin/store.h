#pragma once

#include "platform/result.h"
#include "server/signin/audit.h"
#include "server/signin/identity_provider.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace keyfob::server::signin {

class DeviceGrantStore;

/// created → challenged → proven → identified → approved → redeemed, or denied, or superseded (a newer push by the same device key). Expiry is a
/// time, not a state. `challenged`: a browser has come, and the agent behind it has not shown itself yet; `proven`: it has, so a provider may be
/// asked; `identified`: the provider has answered and the person has not confirmed yet. A standard client's pairing is proven when its browser
/// has come, as there is no key that could show itself; a device grant's when somebody has typed its code, as there is no listener to ask.
enum class PairingState { created, challenged, proven, identified, approved, redeemed, denied, superseded, cancelled };

struct Pairing {
    std::int64_t id = 0;
    PairingState state = PairingState::created;
    std::string flow_id;    ///< public random name of the flow, in the flow cookie's name; empty before /authorize
    std::string device_key; ///< public JWK as JSON text
    std::string device_thumbprint;
    std::string device_name; ///< as claimed: attacker's text
    std::string device_os;
    std::string client_address;  ///< of the push
    std::string browser_address; ///< of /authorize
    std::string code_challenge;
    std::string redirect_uri;
    std::string client_state;
    std::string client_id;       ///< of a standard client; empty: our agent
    std::string provider;        ///< empty until chosen
    std::int64_t user_id = 0;    ///< 0 until identified
    std::int64_t session_id = 0; ///< 0 until redeemed
    std::int64_t created_at = 0; ///< unix seconds, as all times here
    std::int64_t expires_at = 0; ///< at most ten minutes later
    std::int64_t code_expires_at = 0;
    std::int64_t redeemed_at = 0;
    // Hashes (platform::secret_hash) of what only the browser or agent holds.
    std::string request_uri_hash;
    std::string flow_secret_hash;
    std::string upstream_state_hash;
    std::string code_hash;
    std::int64_t request_uri_expires_at = 0;
    std::int64_t challenge_expires_at = 0; ///< of the pre-flight

    /// The device asks by itself how it went, so no browser is sent to it (RFC 8628).
    [[nodiscard]] bool is_device_grant() const { return redirect_uri.empty(); }
};

/// What makes a pushed request the flow of one browser.
struct FlowBeginning {
    std::string flow_id;
    std::string flow_secret_hash;
    std::string browser_address;
    std::int64_t challenge_expires_at = 0;
    std::string client_id = {}; ///< whose request it must be
};

struct User {
    std::int64_t id = 0;
    std::string provider;
    std::string issuer;
    std::string subject;
    std::string name;
    std::string email;
    std::int64_t created_at = 0;
    bool disabled = false;
};

inline constexpr std::size_t k_session_id_octets = 16;

struct Session {
    std::int64_t row = 0;
    std::string id; ///< public random name (Sec-Secure-Session-Id)
    std::int64_t user_id = 0;
    std::string device_key; ///< public JWK
    std::string device_thumbprint;
    std::string device_name;
    std::string device_os;
    std::string client_address;
    std::string client_id; ///< of a standard client; then there is neither key nor challenge. Empty: our agent
    std::string
        challenge; ///< the one that renews, once. No secret: whoever asks is told, and only the device key can answer
    std::int64_t created_at = 0;
    std::int64_t renewed_at = 0;
    std::int64_t expires_at = 0;            ///< absolute limit
    std::int64_t revoked_at = 0;            ///< 0: live
    std::string session_class = "standard"; ///< or `client`: of a standard client; `device`: by a device grant
    std::string key_kind = "software";      ///< where the device says that its key is kept; `none`: unbound
};

struct SessionWithUser {
    Session session;
    User user;
};

/// One that several threads may read at once; null: there is none.
using SessionPtr = std::shared_ptr<const SessionWithUser>;

/// What must be remembered. Every state change is one conditional statement or one transaction, so that any number of threads and
/// processes may call at once; "changed" results tell whether the condition held. Errors of every call: unreachable (the database does
/// not answer, is locked for more than 5 s, or the disk is full): the caller fails closed with 503. What the audit remembers is written in
/// the same transaction as the change (OP-02): where there is no room for the record there is no change.
class Store {
public:
    virtual ~Store() = default;

    /// Inserts, after marking every open pairing of the same device key superseded, if there is a key. Errors also: denied (too many that are not
    /// expired, in all, from the network of `client_address`, or by this key; the caps are constructor parameters of the implementation).
    [[nodiscard]] virtual platform::Result<void> add_pairing(const Pairing& pairing) = 0;
    /// Consumes a request_uri: created → challenged, or → proven if it is a standard client's. nullopt: unknown, spent, expired at `now`, or
    /// not of `beginning.client_id`.
    [[nodiscard]] virtual platform::Result<std::optional<Pairing>>
    begin_flow(const std::string& request_uri_hash, const FlowBeginning& beginning, std::int64_t now) = 0;
    /// challenged → proven, once. False: somebody was first, it is over, or the challenge has expired at `now`.
    [[nodiscard]] virtual platform::Result<bool> prove(std::int64_t pairing_id, std::int64_t now) = 0;
    [[nodiscard]] virtual platform::Result<std::optional<Pairing>> find_flow(const std::string& flow_id) = 0;
    /// Only in state proven: remembers the chosen provider and the state that was sent to it. Choosing again replaces both.
    [[nodiscard]] virtual platform::Result<bool> choose_provider(std::int64_t pairing_id, const std::string& provider,
                                                                 const std::string& upstream_state_hash,
                                                                 std::int64_t now) = 0;
    /// One use of an upstream answer: clears upstream_state_hash where it equals. False: somebody was first, or it is another one.
    [[nodiscard]] virtual platform::Result<bool>
    consume_upstream_state(std::int64_t pairing_id, const std::string& upstream_state_hash, std::int64_t now) = 0;
    /// proven → identified; creates or refreshes the user of (issuer, subject). nullopt: the pairing was no longer proven.
    [[nodiscard]] virtual platform::Result<std::optional<User>>
    identify(std::int64_t pairing_id, const std::string& provider, const Identity& identity, std::int64_t now) = 0;
    [[nodiscard]] virtual platform::Result<std::optional<User>> find_user(std::int64_t user_id) = 0;
    /// identified → approved, with the code. False: it was not identified any more, or expired.
    [[nodiscard]] virtual platform::Result<bool> approve(std::int64_t pairing_id, const std::string& code_hash,
                                                         std::int64_t code_expires_at, std::int64_t now) = 0;
    /// any open state → denied. False: it was over already.
    [[nodiscard]] virtual platform::Result<bool> deny(std::int64_t pairing_id, const AuditNote& why,
                                                      std::int64_t now) = 0;
    /// Every open pairing of this key → cancelled. The count.
    [[nodiscard]] virtual platform::Result<int> cancel_pairings(const std::string& device_thumbprint,
                                                                std::int64_t now) = 0;
    [[nodiscard]] virtual platform::Result<std::optional<Pairing>> find_code(const std::string& code_hash) = 0;
    /// One transaction: approved → redeemed where the code is unspent and not expired at `now`, then the session row and its first cookie
    /// (AS-04). False: the condition did not hold; nothing was written.
    [[nodiscard]] virtual platform::Result<bool> redeem(std::int64_t pairing_id, const Session& session,
                                                        const std::string& cookie_hash, std::int64_t cookie_expires_at,
                                                        std::int64_t now) = 0;
    /// Adds one more cookie to a live session (the repeated redeem).
    [[nodiscard]] virtual platform::Result<bool> reissue(std::int64_t session_row, const std::string& cookie_hash,
                                                         std::int64_t cookie_expires_at, std::int64_t now) = 0;

    [[nodiscard]] virtual platform::Result<std::optional<SessionWithUser>>
    find_session(const std::string& session_id) = 0;
    [[nodiscard]] virtual platform::Result<std::optional<SessionWithUser>>
    find_session_by_row(std::int64_t session_row) = 0;
    /// The live session that a cookie stands for: cookie not expired, session not revoked and not past `expires_at`, not idle
    /// since before `idle_since`, user not disabled. One hit in memory or one in an index; waits for no writer.
    [[nodiscard]] virtual platform::Result<SessionPtr> find_cookie(const std::string& cookie_hash,
                                                                   std::int64_t idle_since, std::int64_t now) = 0;
    /// Whose it is, whatever became of that, as long as the cookie is remembered.
    [[nodiscard]] virtual platform::Result<std::optional<SessionWithUser>>
    find_cookie_owner(const std::string& cookie_hash) = 0;
    /// One transaction: where the challenge equals, replaces it, sets renewed_at and adds the cookie. False: the challenge was spent.
    [[nodiscard]] virtual platform::Result<bool> renew(std::int64_t session_row, const std::string& challenge,
                                                       const std::string& next_challenge,
                                                       const std::string& cookie_hash, std::int64_t cookie_expires_at,
                                                       std::int64_t now) = 0;
    /// False: it was revoked already.
    [[nodiscard]] virtual platform::Result<bool> revoke(std::int64_t session_row, const AuditNote& why,
                                                        std::int64_t now) = 0;
    /// A provider's session has ended: so do ours that began with it, and what is not redeemed yet. How many of ours were live. Once for each
    /// `token_hash`, which is remembered in the same transaction for as long as the token is good.
    [[nodiscard]] virtual platform::Result<int> end_upstream(const LogoutNotice& notice, const std::string& token_hash,
                                                             std::int64_t now) = 0;
    /// The live sessions of a user, the newest first, 1,000 at most.
    [[nodiscard]] virtual platform::Result<std::vector<Session>>
    sessions_of(std::int64_t user_id, std::int64_t idle_since, std::int64_t now) = 0;
    /// For the audit alone, at most once a minute for each session: anybody can cause it.
    [[nodiscard]] virtual platform::Result<void> note_failed_proof(const Session& session, std::int64_t now) = 0;
    /// For the audit alone.
    [[nodiscard]] virtual platform::Result<void> note(const AuditNote& note, std::int64_t now) = 0;

    /// What device grants need beside that. Lives as long as the store.
    [[nodiscard]] virtual DeviceGrantStore& device_grants() = 0;

    /// Remembers a DPoP jti until `expires_at`. False: it is known, so this is a replay. Errors also: unreachable (too many are remembered).
    [[nodiscard]] virtual platform::Result<bool> remember_proof(const std::string& id_hash,
                                                                std::int64_t expires_at) = 0;
    /// Whether so much is remembered, of proofs or of sign-ins that are not expired, that what room is left is for those who have asked for
    /// little (OP-03). As of the last proof or sign-in that this process remembered; reads no database.
    [[nodiscard]] virtual bool is_crowded() const = 0;
    /// A random 32-octet value made once per database and name; the same for every server on it.
    [[nodiscard]] virtual platform::Result<std::string> shared_secret(const std::string& name) = 0;
    /// Removes what is over, at most `limit` rows a table; the count.
    [[nodiscard]] virtual platform::Result<int> remove_expired(std::int64_t now, int limit) = 0;
    /// Whether a write reaches the disk (OP-07); the answer may be five seconds old.
    [[nodiscard]] virtual platform::Result<void> probe(std::int64_t now) = 0;
};

} // namespace keyfob::server::signin
