#include "server/signin/token_service.h"

#include "platform/digest.h"
#include "platform/log.h"
#include "server/signin/code_challenge.h"
#include "server/signin/invalid_grant.h"
#include "server/signin/opaque_token.h"
#include "server/signin/session_service.h"

#include <algorithm>

namespace keyfob::server::signin {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::SecretString;

constexpr const char* k_another_client = "another client";

/// What of the grant does not belong to the code; null when all of it does.
const char* mismatch_of(const Pairing& pairing, const Client& client, const CodeGrant& grant) {
    if (pairing.client_id != client.id)
        return k_another_client;
    if (!platform::constant_time_equal(pairing.redirect_uri, grant.redirect_uri))
        return "another redirect URI";
    return is_verifier_of(pairing.code_challenge, grant.code_verifier) ? nullptr : "not its code verifier";
}

} // namespace

TokenService::TokenService(Settings settings, Store& store, const Clients& clients, const platform::Clock& clock,
                           platform::Random& random)
    : m_settings(std::move(settings)), m_store(store), m_clients(clients), m_clock(clock), m_random(random) {}

Result<IssuedToken> TokenService::redeem(const Client& client, const CodeGrant& grant) {
    // Twice at most: when somebody redeems between the look-up and our own attempt, the second look finds what they made.
    for (int attempt = 0; attempt < 2; ++attempt) {
        KEYFOB_TRY_ASSIGN(const auto pairing, m_store.find_code(platform::secret_hash(grant.code)));
        if (!pairing)
            return invalid_grant("the code is not known");
        auto issued = redeem(*pairing, mismatch_of(*pairing, client, grant));
        if (issued || issued.error().kind != ErrorKind::cancelled)
            return issued;
    }
    return invalid_grant("the code has expired");
}

Result<IssuedToken> TokenService::redeem(const Pairing& pairing, const Client& client) {
    return redeem(pairing, pairing.client_id == client.id ? nullptr : k_another_client);
}

Result<IssuedToken> TokenService::redeem(const Pairing& pairing, const char* mismatch) {
    if (pairing.state == PairingState::redeemed)
        return end_replayed(pairing);
    if (pairing.state != PairingState::approved)
        return invalid_grant("the sign-in of the code is over");
    if (pairing.code_expires_at <= now())
        return invalid_grant("the code has expired");
    if (mismatch != nullptr)
        return burn(pairing, mismatch);
    return issue(pairing);
}

Result<void> TokenService::check_or_burn(const Pairing& pairing, const Client& client) {
    return pairing.client_id == client.id ? Result<void>() : burn(pairing, k_another_client);
}

/// Somebody has the code and not what belongs to it.
Error TokenService::burn(const Pairing& pairing, const char* mismatch) {
    if (const auto denied = m_store.deny(pairing.id, {AuditEvent::code_burned, mismatch}, now()); !denied)
        return denied.error();
    return invalid_grant("the code belongs to another request");
}

Error TokenService::end_replayed(const Pairing& pairing) {
    const AuditNote note{AuditEvent::code_replayed, "at a standard client's"};
    if (const auto revoked = m_store.revoke(pairing.session_id, note, now()); !revoked)
        return revoked.error();
    return invalid_grant("the code was used before");
}

/// Error kind `cancelled`: somebody else redeemed it in the meantime.
Result<IssuedToken> TokenService::issue(const Pairing& pairing) {
    KEYFOB_TRY_ASSIGN(const auto user, m_store.find_user(pairing.user_id));
    if (!user || user->disabled)
        return invalid_grant("this user is disabled"); // AS-22
    const std::int64_t time = now();
    Session session;
    session.id = m_random.token(k_session_id_octets);
    session.user_id = pairing.user_id;
    session.device_name = pairing.device_name;
    session.client_address = pairing.client_address;
    session.client_id = pairing.client_id;
    session.session_class = "client";
    session.key_kind = "none";
    session.created_at = session.renewed_at = time;
    std::int64_t lifetime = std::min(m_settings.access_token_seconds, m_settings.session_idle_seconds);
    if (pairing.is_device_grant()) { // DG-10
        session.session_class = k_device_class;
        lifetime = std::min(lifetime, m_settings.device_session_seconds);
    }
    session.expires_at = time + lifetime;
    SecretString token(make_opaque_token(k_access_token_prefix, m_random));
    KEYFOB_TRY_ASSIGN(const bool won, m_store.redeem(pairing.id, session, platform::secret_hash(token.reveal()),
                                                     session.expires_at, time));
    if (!won)
        return Error{ErrorKind::cancelled, "somebody was first"};
    return IssuedToken{std::move(token), lifetime};
}

Result<SessionPtr> TokenService::authenticate(const std::string& token) {
    if (!is_opaque_token(k_access_token_prefix, token))
        return SessionPtr{};
    const std::int64_t time = now();
    KEYFOB_TRY_ASSIGN(auto owner,
                      m_store.find_cookie(platform::secret_hash(token), time - m_settings.session_idle_seconds, time));
    if (owner && m_clients.find(owner->session.client_id) == nullptr)
        owner.reset();
    return owner;
}

Result<void> TokenService::revoke(const Client& client, const std::string& token) {
    if (!is_opaque_token(k_access_token_prefix, token))
        return {};
    // Also where it is no good at present: its user may be enabled again.
    KEYFOB_TRY_ASSIGN(const auto owner, m_store.find_cookie_owner(platform::secret_hash(token)));
    if (!owner)
        return {};
    if (owner->session.client_id != client.id)
        return Error{ErrorKind::denied, "the token is another client's", "", "unauthorized_client"};
    const AuditNote note{AuditEvent::session_revoked, "by its client, " + client.id};
    KEYFOB_TRY_ASSIGN([[maybe_unused]] const bool changed, m_store.revoke(owner->session.row, note, now()));
    return {};
}

} // namespace keyfob::server::signin
