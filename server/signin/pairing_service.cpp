#include "server/signin/pairing_service.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/preflight.h"
#include "platform/json.h"
#include "platform/log.h"
#include "server/signin/code_challenge.h"
#include "server/signin/device_grant_store.h"
#include "server/signin/loopback_redirect.h"
#include "server/signin/pairing_end.h"

namespace keyfob::server::signin {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr const char* k_request_uri_prefix = "urn:ietf:params:oauth:request_uri:";
constexpr std::size_t k_longest_state = 128;
constexpr std::size_t k_shortest_state = 22; // 128 bits in base64url
constexpr std::size_t k_longest_description = 300;
constexpr const char* k_access_denied = "access_denied";

Error invalid_request(const char* why) {
    return {ErrorKind::invalid, why, "", "invalid_request"};
}

bool is_state(const std::string& text) {
    return text.size() >= k_shortest_state && text.size() <= k_longest_state && platform::base64url_decode(text);
}

/// Signed by the key that pushed this very request, and for us.
bool is_answer_for(const Pairing& pairing, const platform::jose::UnverifiedPreflight& answer,
                   const std::string& issuer) {
    const auto jwk = platform::json::parse_object(pairing.device_key);
    const auto key = jwk ? platform::jose::EcKey::from_public_jwk(**jwk) : jwk.error();
    const auto verified = key ? answer.verify(*key) : key.error();
    return verified && verified->audience == issuer &&
           platform::constant_time_equal(verified->request_hash, pairing.request_uri_hash);
}

/// The code that the agent is told for what a provider answered (RFC 6749 section 4.1.2.1).
std::string agent_code(const std::string& provider_error) {
    return provider_error == k_access_denied || provider_error == "temporarily_unavailable" ? provider_error
                                                                                            : "server_error";
}

std::string agent_code(const Error& error) {
    const bool absent = error.kind == ErrorKind::unreachable || error.kind == ErrorKind::timed_out;
    return absent ? "temporarily_unavailable" : "server_error";
}

/// A device grant may be a stranger's, so its device learns nothing of who was at the page, nor what the provider said of them (DG-08).
const char* told_to_device(const std::string& code) {
    if (code == k_access_denied)
        return "the person declined";
    if (code == "temporarily_unavailable")
        return "the provider cannot be reached at present";
    return code == "keyfob_not_allowed" ? "this server does not let that person in" : "the provider let nobody in";
}

} // namespace

PairingService::PairingService(Settings settings, Store& store, const Providers& providers, const AllowRules& rules,
                               const platform::Clock& clock, platform::Random& random)
    : m_settings(std::move(settings)), m_store(store), m_providers(providers), m_rules(rules), m_clock(clock),
      m_random(random) {
    for (const auto& provider : m_providers.all())
        m_calls.try_emplace(provider->id(), m_settings.calls_per_provider);
}

Result<PushResult> PairingService::push(const PushedRequest& request) {
    KEYFOB_TRY(parse_loopback_redirect(request.redirect_uri));
    if (!is_code_challenge(request.code_challenge))
        return invalid_request("code_challenge is not that of S256");
    if (!is_state(request.client_state))
        return invalid_request("state must be base64url of 16 octets or more");
    return add(request);
}

Result<PushResult> PairingService::push(const Client& client, const ClientRequest& request) {
    KEYFOB_TRY(check_redirect(client, request));
    KEYFOB_TRY(check_request(request));
    PushedRequest pushed;
    pushed.device_name = client.name;
    pushed.client_address = request.client_address;
    pushed.code_challenge = request.code_challenge;
    pushed.redirect_uri = request.redirect_uri;
    pushed.client_state = request.state;
    pushed.client_id = client.id;
    return add(pushed);
}

Result<PushResult> PairingService::add(const PushedRequest& request) {
    const std::string request_uri = k_request_uri_prefix + m_random.token();
    Pairing pairing;
    pairing.device_key = request.device_key;
    pairing.device_thumbprint = request.device_thumbprint;
    pairing.device_name = platform::printable(request.device_name, k_longest_device_text);
    pairing.device_os = platform::printable(request.device_os, k_longest_device_text);
    pairing.client_address = request.client_address;
    pairing.code_challenge = request.code_challenge;
    pairing.redirect_uri = request.redirect_uri;
    pairing.client_state = request.client_state;
    pairing.client_id = request.client_id;
    pairing.request_uri_hash = platform::secret_hash(request_uri);
    pairing.created_at = now();
    pairing.expires_at = pairing.created_at + m_settings.pairing_seconds;
    pairing.request_uri_expires_at = pairing.created_at + m_settings.request_uri_seconds;
    if (auto added = m_store.add_pairing(pairing); !added) {
        if (added.error().kind == ErrorKind::denied)
            added.error().code = "slow_down";
        return std::move(added).error();
    }
    return PushResult{request_uri, m_settings.request_uri_seconds};
}

Result<int> PairingService::cancel(const std::string& device_thumbprint) {
    return m_store.cancel_pairings(device_thumbprint, now());
}

Result<Begun> PairingService::begin(const std::string& request_uri, const std::string& browser_address,
                                    const Client* client) {
    const std::string flow_id = m_random.token(k_flow_id_octets);
    auto secret = FlowSecret::from_cookie(m_random.token());
    const FlowBeginning beginning{flow_id, secret->hash(), browser_address, now() + m_settings.preflight_seconds,
                                  client == nullptr ? "" : client->id};
    KEYFOB_TRY_ASSIGN(auto pairing, m_store.begin_flow(platform::secret_hash(request_uri), beginning, now()));
    if (!pairing)
        return over("the request_uri is unknown, spent or expired, or another client's");
    if (client != nullptr)
        return Begun{{std::move(*pairing), std::move(*secret)}, ""};
    KEYFOB_TRY_ASSIGN(const LoopbackRedirect redirect, parse_loopback_redirect(pairing->redirect_uri));
    platform::Parameters question;
    question.add("challenge", secret->preflight_challenge(flow_id));
    question.add("state", pairing->client_state);
    question.add("iss", m_settings.issuer);
    return Begun{{std::move(*pairing), std::move(*secret)}, platform::with_query(redirect.preflight_uri, question)};
}

Result<Flow> PairingService::find_or_burn(const Pairing& pairing, const FlowCookie& cookie) {
    auto flow = match(pairing, cookie);
    if (!flow && flow.error().kind == ErrorKind::not_found) {
        const AuditNote note{AuditEvent::flow_burned, "another browser; begun from " + pairing.client_address};
        KEYFOB_TRY_ASSIGN([[maybe_unused]] const bool denied, m_store.deny(pairing.id, note, now()));
    }
    return flow ? find_open(std::move(*flow)) : std::move(flow);
}

Result<Flow> PairingService::prove(const std::string& proof, const FlowCookie& cookie) {
    const auto answer = platform::jose::UnverifiedPreflight::parse(proof);
    if (!answer)
        return over("the answer to the challenge is malformed");
    KEYFOB_TRY_ASSIGN(const auto pairing, m_store.find_flow(flow_id_of(answer->challenge())));
    if (!pairing || !is_answer_for(*pairing, *answer, m_settings.issuer))
        return over("the answer to the challenge is another key's or another request's");
    KEYFOB_TRY_ASSIGN(Flow flow, find_or_burn(*pairing, cookie));
    if (!platform::constant_time_equal(answer->challenge(), flow.secret.preflight_challenge(pairing->flow_id)))
        return over("the challenge is not that of this flow");
    KEYFOB_TRY_ASSIGN(const bool first, m_store.prove(pairing->id, now()));
    if (!first)
        return over("the challenge was answered before, or too late");
    flow.pairing.state = PairingState::proven;
    return flow;
}

Result<Flow> PairingService::match(Pairing pairing, const FlowCookie& cookie) {
    const auto text = cookie(pairing.flow_id);
    const auto secret = text ? FlowSecret::from_cookie(*text) : std::nullopt;
    if (!secret)
        return over("the browser has no cookie of this flow");
    if (!platform::constant_time_equal(pairing.flow_secret_hash, secret->hash()))
        return over("the cookie is another flow's");
    return Flow{std::move(pairing), *secret};
}

Result<Flow> PairingService::find_open(Flow flow) const {
    if (auto end = end_of(flow.pairing, now()))
        return std::move(*end);
    return flow;
}

Result<Flow> PairingService::find(const std::string& flow_id, const FlowCookie& cookie) {
    if (!cookie(flow_id)) // and nothing is looked up
        return over("the browser has no cookie of this flow");
    KEYFOB_TRY_ASSIGN(auto pairing, m_store.find_flow(flow_id));
    if (!pairing)
        return over("the flow is not known");
    KEYFOB_TRY_ASSIGN(Flow flow, match(std::move(*pairing), cookie));
    return find_open(std::move(flow));
}

std::string PairingService::refusal_url(const Pairing& pairing, const std::string& code,
                                        const std::string& description) const {
    if (pairing.is_device_grant())
        return {};
    platform::Parameters answer;
    answer.add("error", code);
    answer.add("error_description", platform::printable(description, k_longest_description));
    if (!pairing.client_state.empty())
        answer.add("state", pairing.client_state);
    answer.add("iss", m_settings.issuer);
    return platform::with_query(pairing.redirect_uri, answer);
}

Result<std::string> PairingService::refuse(const Pairing& pairing, const std::string& code,
                                           const std::string& description) {
    const auto event = code == k_access_denied ? AuditEvent::pairing_declined : AuditEvent::pairing_refused;
    const AuditNote note{event, code + ": " + description};
    KEYFOB_TRY_ASSIGN(const bool changed,
                      pairing.is_device_grant()
                          ? m_store.device_grants().refuse(pairing.id, {code, told_to_device(code)}, note, now())
                          : m_store.deny(pairing.id, note, now()));
    if (!changed)
        return over("it was over before it could be refused");
    return refusal_url(pairing, code, description);
}

/// Before anything is used up: a sign-in must not end because of our own load.
Result<CallLimit::Permit> PairingService::enter(const IdentityProvider& provider) {
    auto permit = m_calls.at(provider.id()).enter();
    if (permit)
        return permit;
    platform::log::warning("provider_busy", {{"provider", provider.id()}});
    return Error{ErrorKind::denied, "too many sign-ins wait for " + provider.display_name(), "try again in a moment",
                 "slow_down"};
}

Result<std::string> PairingService::provider_url(const Flow& flow, const std::string& provider) {
    IdentityProvider* chosen = m_providers.find(provider);
    if (chosen == nullptr)
        return over("no such provider");
    if (flow.pairing.state != PairingState::proven)
        return over("no provider can be chosen in its state");
    KEYFOB_TRY_ASSIGN(const CallLimit::Permit permit, enter(*chosen));
    const UpstreamAttempt attempt = flow.secret.attempt(flow.pairing.flow_id, provider);
    auto url = chosen->authorization_url(attempt);
    if (!url)
        return refuse(flow.pairing, agent_code(url.error()), chosen->display_name() + ": " + url.error().message);
    KEYFOB_TRY_ASSIGN(const bool changed,
                      m_store.choose_provider(flow.pairing.id, provider, platform::secret_hash(attempt.state), now()));
    if (!changed)
        return over("it ended while the provider was asked");
    return url;
}

/// The flow that `state` belongs to, and only in the browser that holds its cookie (S5, RP-02).
Result<Flow> PairingService::find_upstream(const std::string& provider, const std::string& state,
                                           const FlowCookie& cookie) {
    const std::string flow_id = flow_id_of(state);
    if (flow_id.empty())
        return over("the answer has no state of ours");
    KEYFOB_TRY_ASSIGN(auto pairing, m_store.find_flow(flow_id));
    const std::string state_hash = platform::secret_hash(state);
    const bool is_sent = pairing && pairing->state == PairingState::proven && pairing->provider == provider &&
                         !pairing->upstream_state_hash.empty() &&
                         platform::constant_time_equal(pairing->upstream_state_hash, state_hash);
    if (is_sent)
        return find_or_burn(*pairing, cookie);
    if (pairing) { // the back button, perhaps: the browser that began it is told what became of it
        if (const auto flow = match(*pairing, cookie); flow)
            KEYFOB_TRY(find_open(*flow));
    }
    return over("the state is unknown, spent or another provider's");
}

/// From here on the provider's answer is used up.
Result<void> PairingService::consume_upstream(const Flow& flow, const std::string& state) {
    KEYFOB_TRY_ASSIGN(const bool first,
                      m_store.consume_upstream_state(flow.pairing.id, platform::secret_hash(state), now()));
    return first ? Result<void>() : over("the answer was used before");
}

Result<CallbackOutcome> PairingService::finish_upstream(const std::string& provider, const platform::Parameters& answer,
                                                        const FlowCookie& cookie) {
    IdentityProvider* chosen = m_providers.find(provider);
    if (chosen == nullptr)
        return over("no such provider");
    KEYFOB_TRY_ASSIGN(const Flow flow, find_upstream(provider, answer.get("state"), cookie));
    const bool has_code = answer.get("error").empty() && !answer.get("code").empty();
    CallLimit::Permit permit;
    if (has_code) {
        KEYFOB_TRY_ASSIGN(permit, enter(*chosen));
    }
    KEYFOB_TRY(consume_upstream(flow, answer.get("state")));
    return has_code ? identify(flow, *chosen, answer) : refused_upstream(flow, *chosen, answer);
}

Result<CallbackOutcome> PairingService::send_home(const Flow& flow, const std::string& code, const std::string& why) {
    KEYFOB_TRY_ASSIGN(std::string url, refuse(flow.pairing, code, why));
    return CallbackOutcome{"", std::move(url)};
}

Result<CallbackOutcome> PairingService::refused_upstream(const Flow& flow, const IdentityProvider& provider,
                                                         const platform::Parameters& answer) {
    const std::string error = answer.get("error");
    if (error.empty())
        return send_home(flow, "server_error", provider.display_name() + ": the answer has neither code nor error");
    if (!provider.accepts_issuer(answer.get("iss")))
        return send_home(flow, "server_error", provider.display_name() + ": the answer is another provider's");
    const std::string text = answer.get("error_description");
    return send_home(flow, agent_code(error), provider.display_name() + ": " + (text.empty() ? error : text));
}

Result<CallbackOutcome> PairingService::identify(const Flow& flow, IdentityProvider& provider,
                                                 const platform::Parameters& answer) {
    const UpstreamAttempt attempt = flow.secret.attempt(flow.pairing.flow_id, provider.id());
    auto identity = provider.complete(attempt, answer.get("code"), answer.get("iss"));
    if (!identity)
        return send_home(flow, agent_code(identity.error()), provider.display_name() + ": " + identity.error().message);
    if (!m_rules.allows(provider.id(), *identity))
        return send_home(flow, "keyfob_not_allowed",
                         "no rule of this server lets " +
                             (identity->email.empty() ? identity->subject : identity->email) + " in");
    if (!identity->email_verified) // what others will take for somebody's name must be known to be theirs
        identity->email.clear();
    KEYFOB_TRY_ASSIGN(const auto user, m_store.identify(flow.pairing.id, provider.id(), *identity, now()));
    if (!user)
        return over("it ended while the provider was asked");
    if (user->disabled)
        return send_home(flow, "keyfob_not_allowed", "this user is disabled on this server");
    return CallbackOutcome{flow.pairing.flow_id, ""};
}

Result<Confirmation> PairingService::confirmation(const std::string& flow_id, const FlowCookie& cookie) {
    KEYFOB_TRY_ASSIGN(Flow flow, find(flow_id, cookie));
    if (flow.pairing.state != PairingState::identified)
        return over("nothing is to be confirmed in its state");
    KEYFOB_TRY_ASSIGN(auto user, m_store.find_user(flow.pairing.user_id));
    const IdentityProvider* provider = m_providers.find(flow.pairing.provider);
    if (!user || user->disabled || provider == nullptr)
        return over("its user or provider is gone");
    return Confirmation{std::move(flow.pairing), std::move(*user), provider->display_name(), flow.secret.csrf_token()};
}

Result<std::string> PairingService::decide(const std::string& flow_id, const FlowCookie& cookie,
                                           const std::string& csrf_token, bool approve) {
    KEYFOB_TRY_ASSIGN(const Confirmation shown, confirmation(flow_id, cookie));
    if (!platform::constant_time_equal(csrf_token, shown.csrf_token))
        return Error{ErrorKind::denied, "the form was not made for this browser", "start again in the terminal"};
    if (!approve)
        return refuse(shown.pairing, k_access_denied, "declined on the confirmation page");
    const std::int64_t time = now();
    if (shown.pairing.is_device_grant()) { // no code: the device has one of its own, which counts from now on
        KEYFOB_TRY_ASSIGN(const bool approved, m_store.approve(shown.pairing.id, "", shown.pairing.expires_at, time));
        return approved ? Result<std::string>(std::string()) : over("it ended before it was approved");
    }
    const std::string code = m_random.token();
    KEYFOB_TRY_ASSIGN(const bool changed, m_store.approve(shown.pairing.id, platform::secret_hash(code),
                                                          time + m_settings.code_seconds, time));
    if (!changed)
        return over("it ended before it was approved");
    platform::Parameters answer;
    answer.add("code", code);
    if (!shown.pairing.client_state.empty())
        answer.add("state", shown.pairing.client_state);
    answer.add("iss", m_settings.issuer);
    return platform::with_query(shown.pairing.redirect_uri, answer);
}

} // namespace keyfob::server::signin
