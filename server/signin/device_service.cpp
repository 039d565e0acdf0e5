#include "server/signin/device_service.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/log.h"
#include "server/signin/code_challenge.h"

#include <algorithm>

namespace keyfob::server::signin {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::int64_t k_interval = 5; // seconds, as is the next: RFC 8628 sections 3.2 and 3.5
constexpr std::int64_t k_penalty = 5;
constexpr int k_attempts = 4; // two codes are the same once in 10 million times at most

Error grant_error(const char* code, const std::string& why) {
    return {ErrorKind::invalid, why, "", code};
}

Error slow_down(std::string why) {
    return {ErrorKind::denied, std::move(why), "", "slow_down"};
}

Error no_such_code() {
    return {ErrorKind::not_found, "there is no such code", "codes are good for ten minutes, and once"};
}

bool is_pending(PairingState state) {
    return state == PairingState::created || state == PairingState::proven || state == PairingState::identified;
}

} // namespace

Result<std::unique_ptr<DeviceService>> DeviceService::create(const Settings& settings, Store& store,
                                                             SessionService& sessions, TokenService& tokens,
                                                             const platform::Clock& clock, platform::Random& random) {
    KEYFOB_TRY_ASSIGN(std::string key, store.shared_secret("device-user-code"));
    return std::unique_ptr<DeviceService>(
        new DeviceService(settings, store, sessions, tokens, clock, random, std::move(key)));
}

DeviceService::DeviceService(const Settings& settings, Store& store, SessionService& sessions, TokenService& tokens,
                             const platform::Clock& clock, platform::Random& random, std::string key)
    : m_settings(settings), m_store(store), m_sessions(sessions), m_tokens(tokens), m_clock(clock), m_random(random),
      m_key(std::move(key)), m_tries(clock, random) {}

std::string DeviceService::hash_of(const std::string& user_code) const {
    return platform::base64url_encode(platform::hmac_sha256(m_key, user_code));
}

Result<DeviceAuthorization> DeviceService::authorize(const DeviceRequest& request) {
    if (request.client_id.empty() && !is_code_challenge(request.code_challenge))
        return grant_error("invalid_request", "code_challenge is not that of S256");
    const std::string device_code = m_random.token();
    Pairing pairing;
    pairing.device_key = request.device_key;
    pairing.device_thumbprint = request.device_thumbprint;
    pairing.device_name = platform::printable(request.device_name, k_longest_device_text);
    pairing.device_os = platform::printable(request.device_os, k_longest_device_text);
    pairing.client_address = request.client_address;
    pairing.code_challenge = request.code_challenge;
    pairing.client_id = request.client_id;
    pairing.created_at = now();
    pairing.expires_at = pairing.created_at + std::min(k_user_code_seconds, m_settings.pairing_seconds);
    for (int attempt = 0; attempt < k_attempts; ++attempt) {
        const std::string user_code = make_user_code(m_random);
        const auto added =
            m_store.device_grants().add(pairing, {platform::secret_hash(device_code), hash_of(user_code)}, k_interval);
        if (!added)
            return added.error().kind == ErrorKind::denied ? slow_down(added.error().message) : added.error();
        if (*added)
            return DeviceAuthorization{device_code, shown_user_code(user_code), pairing.expires_at - pairing.created_at,
                                       k_interval};
    }
    return slow_down("no code is free");
}

/// The code itself is never written down: it may be a slip of a letter beside a good one (DG-11).
Error DeviceService::wrong_code(const std::string& browser_address) {
    platform::log::info("wrong_user_code", {{"client_address", browser_address}});
    if (m_tries.count_wrong(browser_address)) {
        const AuditNote note{AuditEvent::user_codes_guessed, "the limit of wrong codes in all is reached"};
        if (const auto noted = m_store.note(note, now()); !noted)
            return noted.error();
    }
    return no_such_code();
}

FlowSecret DeviceService::make_secret() {
    return FlowSecret::from_cookie(m_random.token()).value();
}

Result<Flow> DeviceService::enter(const std::string& typed, const std::string& browser_address) {
    KEYFOB_TRY_ASSIGN(const CallLimit::Permit permit, m_tries.enter(browser_address));
    const auto code = parse_user_code(typed);
    if (!code) // which guesses at nothing
        return no_such_code();
    FlowSecret secret = make_secret();
    const FlowBeginning beginning{m_random.token(k_flow_id_octets), secret.hash(), browser_address, 0};
    KEYFOB_TRY_ASSIGN(auto pairing, m_store.device_grants().begin_flow(hash_of(*code), beginning, now()));
    if (!pairing)
        return wrong_code(browser_address);
    return Flow{std::move(*pairing), std::move(secret)};
}

Result<DevicePoll> DeviceService::find(const std::string& device_code) {
    KEYFOB_TRY_ASSIGN(auto poll, m_store.device_grants().poll(platform::secret_hash(device_code), k_penalty, now()));
    if (!poll)
        return grant_error("invalid_grant", "the device code is not known");
    return std::move(*poll);
}

// Both ask twice at most, for the reason that SessionService::redeem has.

Result<IssuedCookie> DeviceService::poll(const DeviceTokenRequest& request) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        KEYFOB_TRY_ASSIGN(const DevicePoll poll, find(request.device_code));
        auto issued = answer(poll, request);
        if (issued || issued.error().kind != ErrorKind::cancelled)
            return issued;
    }
    return grant_error("invalid_grant", "the device code was used before");
}

Result<IssuedToken> DeviceService::poll(const Client& client, const std::string& device_code) {
    for (int attempt = 0; attempt < 2; ++attempt) {
        KEYFOB_TRY_ASSIGN(const DevicePoll poll, find(device_code));
        auto issued = answer(poll, client);
        if (issued || issued.error().kind != ErrorKind::cancelled)
            return issued;
    }
    return grant_error("invalid_grant", "the device code was used before");
}

/// What RFC 8628 section 3.5 has for a sign-in that nobody has approved.
Result<void> DeviceService::check_finished(const DevicePoll& poll) const {
    const PairingState state = poll.pairing.state;
    const bool is_open = is_pending(state) || state == PairingState::approved;
    if (is_open && poll.pairing.expires_at <= now())
        return grant_error("expired_token", "nobody finished the sign-in in time");
    if (state == PairingState::approved)
        return {};
    if (!is_open)
        return poll.refusal.code.empty() ? grant_error("access_denied", "the sign-in is over")
                                         : grant_error(poll.refusal.code.c_str(), poll.refusal.text);
    if (poll.too_fast)
        return grant_error("slow_down", "the next question may come five seconds later than so far");
    return grant_error("authorization_pending", "nobody has finished the sign-in yet");
}

Result<IssuedCookie> DeviceService::answer(const DevicePoll& poll, const DeviceTokenRequest& request) {
    const Pairing& pairing = poll.pairing;
    const RedeemRequest redemption{"", request.code_verifier, "", request.device_thumbprint};
    if (pairing.state == PairingState::redeemed)
        return m_sessions.redeem(pairing, redemption);
    KEYFOB_TRY(m_sessions.check_or_burn(pairing, redemption)); // DG-05; nobody else is told how it stands
    KEYFOB_TRY(check_finished(poll));
    return m_sessions.redeem(pairing, redemption);
}

Result<IssuedToken> DeviceService::answer(const DevicePoll& poll, const Client& client) {
    const Pairing& pairing = poll.pairing;
    if (pairing.state != PairingState::redeemed) {
        KEYFOB_TRY(m_tokens.check_or_burn(pairing, client));
        KEYFOB_TRY(check_finished(poll));
    }
    return m_tokens.redeem(pairing, client);
}

} // namespace keyfob::server::signin
