#include "server/signin/session_service.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/jwt.h"
#include "platform/json.h"
#include "platform/log.h"
#include "server/signin/code_challenge.h"
#include "server/signin/invalid_grant.h"
#include "server/signin/session_cookie.h"

#include <algorithm>

namespace keyfob::server::signin {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::SecretString;

Error ended() {
    return {ErrorKind::denied, "the session has ended", "sign in again", "session_ended"};
}

/// What of the request does not belong to the code; null when all of it does.
const char* mismatch_of(const Pairing& pairing, const RedeemRequest& request) {
    if (!platform::constant_time_equal(pairing.device_thumbprint, request.device_thumbprint))
        return "another device key";
    if (!platform::constant_time_equal(pairing.redirect_uri, request.redirect_uri))
        return "another redirect URI";
    return is_verifier_of(pairing.code_challenge, request.code_verifier) ? nullptr : "not its code verifier";
}

/// The challenge that a well-made proof answers; nullopt for any other proof.
std::optional<std::string> proven_challenge(const Session& session, const std::string& proof, const std::string& url) {
    const auto token = platform::jose::parse_jwt(proof);
    const auto jwk = platform::json::parse_object(session.device_key);
    if (!token || !jwk || token->type() != k_renewal_proof_type || token->algorithm() != "ES256")
        return std::nullopt;
    const auto key = platform::jose::EcKey::from_public_jwk(**jwk);
    if (!key || !key->verify(token->signing_input, token->signature))
        return std::nullopt;
    if (platform::json::get_string(*token->payload, "aud") != url)
        return std::nullopt;
    return platform::json::get_string(*token->payload, "jti");
}

} // namespace

SessionService::SessionService(Settings settings, Store& store, const platform::Clock& clock, platform::Random& random)
    : m_settings(std::move(settings)), m_store(store), m_clock(clock), m_random(random) {}

std::int64_t SessionService::cookie_expiry(const Session& session, std::int64_t time) const {
    return std::min(time + m_settings.cookie_seconds, session.expires_at);
}

Result<IssuedCookie> SessionService::redeem(const RedeemRequest& request) {
    // Twice at most: when somebody redeems between the look-up and our own attempt, the second look finds what they made.
    for (int attempt = 0; attempt < 2; ++attempt) {
        KEYFOB_TRY_ASSIGN(const auto pairing, m_store.find_code(platform::secret_hash(request.code)));
        if (!pairing)
            return invalid_grant("the code is not known");
        auto issued = redeem(*pairing, request);
        if (issued || issued.error().kind != ErrorKind::cancelled)
            return issued;
    }
    return invalid_grant("the code has expired");
}

Result<IssuedCookie> SessionService::redeem(const Pairing& pairing, const RedeemRequest& request) {
    if (pairing.state == PairingState::redeemed)
        return redeem_again(pairing, mismatch_of(pairing, request) == nullptr);
    if (pairing.state != PairingState::approved)
        return invalid_grant("the sign-in of the code is over");
    if (pairing.code_expires_at <= now())
        return invalid_grant("the code has expired");
    KEYFOB_TRY(check_or_burn(pairing, request));
    return redeem_first(pairing);
}

Result<void> SessionService::check_or_burn(const Pairing& pairing, const RedeemRequest& request) {
    const char* mismatch = mismatch_of(pairing, request);
    return mismatch == nullptr ? Result<void>() : burn(pairing, mismatch);
}

/// Somebody has the code and not what belongs to it.
Error SessionService::burn(const Pairing& pairing, const char* mismatch) {
    if (const auto denied = m_store.deny(pairing.id, {AuditEvent::code_burned, mismatch}, now()); !denied)
        return denied.error();
    return invalid_grant("the code belongs to another request");
}

Result<IssuedCookie> SessionService::redeem_first(const Pairing& pairing) {
    KEYFOB_TRY_ASSIGN(const auto user, m_store.find_user(pairing.user_id));
    if (!user || user->disabled)
        return invalid_grant("this user is disabled"); // AS-22
    const std::int64_t time = now();
    Session session;
    session.id = m_random.token(k_session_id_octets);
    session.user_id = pairing.user_id;
    session.device_key = pairing.device_key;
    session.device_thumbprint = pairing.device_thumbprint;
    session.device_name = pairing.device_name;
    session.device_os = pairing.device_os;
    session.client_address = pairing.client_address;
    session.created_at = session.renewed_at = time;
    session.expires_at = time + m_settings.session_absolute_seconds;
    if (pairing.is_device_grant()) {
        session.session_class = k_device_class;
        session.expires_at = std::min(session.expires_at, time + m_settings.device_session_seconds); // DG-10
    }
    const std::string challenge = m_random.token();
    session.challenge = challenge;
    SecretString cookie(make_session_cookie(m_random));
    const std::int64_t expires = cookie_expiry(session, time);
    KEYFOB_TRY_ASSIGN(const bool won,
                      m_store.redeem(pairing.id, session, platform::secret_hash(cookie.reveal()), expires, time));
    if (!won)
        return Error{ErrorKind::cancelled, "somebody was first"};
    return IssuedCookie{{std::move(session), *user}, std::move(cookie), expires - time, challenge};
}

Result<IssuedCookie> SessionService::redeem_again(const Pairing& pairing, bool genuine) {
    KEYFOB_TRY_ASSIGN(auto owner, m_store.find_session_by_row(pairing.session_id));
    const std::int64_t time = now();
    if (!owner || !is_live(*owner, time))
        return invalid_grant("the code was used before, and its session has ended");
    if (!genuine || pairing.redeemed_at + m_settings.repeat_seconds < time) {
        const AuditNote note{AuditEvent::code_replayed, genuine ? "too late to be a repetition" : "another request"};
        KEYFOB_TRY_ASSIGN([[maybe_unused]] const bool revoked, m_store.revoke(owner->session.row, note, time));
        return invalid_grant("the code was used before");
    }
    SecretString cookie(make_session_cookie(m_random));
    const std::int64_t expires = cookie_expiry(owner->session, time);
    KEYFOB_TRY_ASSIGN(const bool changed,
                      m_store.reissue(owner->session.row, platform::secret_hash(cookie.reveal()), expires, time));
    if (!changed)
        return invalid_grant("the session has ended");
    const std::string challenge = owner->session.challenge;
    return IssuedCookie{std::move(*owner), std::move(cookie), expires - time, challenge};
}

Result<SessionPtr> SessionService::authenticate(const std::string& cookie) {
    if (!is_session_cookie(cookie))
        return SessionPtr{};
    const std::int64_t time = now();
    return m_store.find_cookie(platform::secret_hash(cookie), time - m_settings.session_idle_seconds, time);
}

bool SessionService::is_live(const SessionWithUser& owner, std::int64_t time) const {
    const Session& session = owner.session;
    return session.revoked_at == 0 && session.expires_at > time &&
           session.renewed_at + m_settings.session_idle_seconds > time && !owner.user.disabled;
}

Result<Renewal> SessionService::renew(const std::string& session_id, const std::string& proof, const std::string& url) {
    KEYFOB_TRY_ASSIGN(auto owner, m_store.find_session(session_id));
    const std::int64_t time = now();
    if (!owner || !is_live(*owner, time) || !owner->session.client_id.empty()) // a standard client's is never renewed
        return ended();
    if (proof.empty())
        return Renewal{std::nullopt, owner->session.challenge};
    const auto answered = proven_challenge(owner->session, proof, url);
    if (!answered) {
        KEYFOB_TRY(m_store.note_failed_proof(owner->session, time));
        return Error{ErrorKind::denied, "the renewal proof is not valid", "", "invalid_proof"};
    }
    if (*answered != owner->session.challenge)
        return Renewal{std::nullopt, owner->session.challenge};
    const std::string challenge = m_random.token();
    SecretString cookie(make_session_cookie(m_random));
    const std::int64_t expires = cookie_expiry(owner->session, time);
    KEYFOB_TRY_ASSIGN(const bool won, m_store.renew(owner->session.row, *answered, challenge,
                                                    platform::secret_hash(cookie.reveal()), expires, time));
    if (!won) // another renewal was first: the challenge is the one that it left
        return renew(session_id, "", url);
    return Renewal{IssuedCookie{std::move(*owner), std::move(cookie), expires - time, challenge}, ""};
}

Result<void> SessionService::revoke(const std::string& session_id, const std::string& device_thumbprint) {
    KEYFOB_TRY_ASSIGN(const auto owner, m_store.find_session(session_id));
    if (!owner)
        return {};
    if (!platform::constant_time_equal(owner->session.device_thumbprint, device_thumbprint))
        return Error{ErrorKind::denied, "the session belongs to another device", "", "invalid_client"};
    const AuditNote note{AuditEvent::session_revoked, "by its own device"};
    KEYFOB_TRY_ASSIGN([[maybe_unused]] const bool changed, m_store.revoke(owner->session.row, note, now()));
    return {};
}

Result<SessionWithUser> SessionService::own(const std::string& session_id, const std::string& device_thumbprint) {
    KEYFOB_TRY_ASSIGN(auto owner, m_store.find_session(session_id));
    if (!owner || !is_live(*owner, now()))
        return ended();
    if (!platform::constant_time_equal(owner->session.device_thumbprint, device_thumbprint))
        return Error{ErrorKind::denied, "the session belongs to another device", "", "invalid_client"};
    return std::move(*owner);
}

Result<std::vector<Session>> SessionService::list(const SessionWithUser& owner) {
    const std::int64_t time = now();
    return m_store.sessions_of(owner.user.id, time - m_settings.session_idle_seconds, time);
}

Result<int> SessionService::revoke_all(const SessionWithUser& owner, const std::vector<Session>& sessions) {
    const AuditNote note{AuditEvent::session_revoked, "by the person, on " + owner.session.device_name};
    int count = 0;
    for (const Session& session : sessions) {
        KEYFOB_TRY_ASSIGN(const bool changed, m_store.revoke(session.row, note, now()));
        count += changed ? 1 : 0;
    }
    return count;
}

} // namespace keyfob::server::signin
