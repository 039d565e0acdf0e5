#pragma once

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/result.h"
#include "platform/secret_string.h"
#include "platform/url.h"
#include "server/signin/allow_rules.h"
#include "server/signin/call_limit.h"
#include "server/signin/client_request.h"
#include "server/signin/flow_secret.h"
#include "server/signin/providers.h"
#include "server/signin/settings.h"
#include "server/signin/store.h"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace keyfob::server::signin {

/// What the agent pushes (RFC 9126), after its proof was checked.
struct PushedRequest {
    std::string device_key; ///< public JWK as JSON text
    std::string device_thumbprint;
    std::string device_name; ///< as claimed
    std::string device_os;
    std::string client_address;
    std::string code_challenge;
    std::string redirect_uri;
    std::string client_state;
    std::string client_id = {}; ///< of a standard client, which has no key; empty: our agent
};

struct PushResult {
    std::string request_uri;
    std::int64_t expires_in = 0;
};

/// A pairing and the proof that the browser at hand is the one that began it.
struct Flow {
    Pairing pairing;
    FlowSecret secret;
};

/// A flow that has just begun, and where its browser meets the agent; for a standard client nowhere, as it has no key to show itself by.
struct Begun {
    Flow flow;
    std::string preflight_url;
};

/// How the browser goes on after the provider's answer.
struct CallbackOutcome {
    std::string flow_id; ///< of the confirmation page, when agent_url is empty
    std::string
        agent_url; ///< where the browser takes a refusal to the agent; both are empty when a device grant was refused
};

/// What the confirmation page shows.
struct Confirmation {
    Pairing pairing;
    User user;
    std::string provider_name;
    std::string csrf_token;
};

/// Of what devices say about themselves.
inline constexpr std::size_t k_longest_device_text = 80;
inline constexpr std::size_t k_flow_id_octets = 16;

/// Finds the text of the flow cookie for a flow id in the request at hand.
using FlowCookie = std::function<std::optional<std::string>(const std::string& flow_id)>;

/// One attempt to connect a device to a user, from the push to the approval (design: created → challenged → proven → identified → approved).
/// Knows neither HTTP nor SQL. Thread-safe. Error codes are those of the API; kind `unreachable` always means the store.
class PairingService {
public:
    PairingService(Settings settings, Store& store, const Providers& providers, const AllowRules& rules,
                   const platform::Clock& clock, platform::Random& random);

    /// Errors: invalid (code invalid_request: redirect URI, challenge or state), denied (slow_down), unreachable.
    [[nodiscard]] platform::Result<PushResult> push(const PushedRequest& request);
    /// The same for a standard client. Errors: invalid (codes of check_request()), denied (slow_down), unreachable.
    [[nodiscard]] platform::Result<PushResult> push(const Client& client, const ClientRequest& request);
    /// Every open pairing of the key ends. The count.
    [[nodiscard]] platform::Result<int> cancel(const std::string& device_thumbprint);
    /// Consumes a request_uri for the browser at hand. `client`: who pushed it; null: our agent. Errors: not_found (unknown, spent, expired, or
    /// another's), unreachable.
    [[nodiscard]] platform::Result<Begun> begin(const std::string& request_uri, const std::string& browser_address,
                                                const Client* client = nullptr);
    /// The agent's answer to the challenge (AS-08): the key that pushed the request is reached by this very browser. Before that no provider is
    /// asked. Errors: not_found (another key, another browser, spent or expired), unreachable.
    [[nodiscard]] platform::Result<Flow> prove(const std::string& proof, const FlowCookie& cookie);
    /// Errors: not_found (no such flow, or another browser's; with a code of pairing_end.h: over), unreachable.
    [[nodiscard]] platform::Result<Flow> find(const std::string& flow_id, const FlowCookie& cookie);
    /// Where the provider is. May wait for discovery. Errors: not_found (provider, or the flow is over), denied (slow_down: too many wait for
    /// this provider; nothing has changed, ask again), unreachable; when the provider is to blame the pairing ends and the URL is that of the
    /// agent, and empty for a device grant.
    [[nodiscard]] platform::Result<std::string> provider_url(const Flow& flow, const std::string& provider);
    /// The provider's answer. May wait for the provider. Errors: not_found, denied (slow_down, as above: the same answer still counts),
    /// unreachable.
    [[nodiscard]] platform::Result<CallbackOutcome>
    finish_upstream(const std::string& provider, const platform::Parameters& answer, const FlowCookie& cookie);
    /// Errors: not_found (not waiting for a confirmation, or another browser's), unreachable.
    [[nodiscard]] platform::Result<Confirmation> confirmation(const std::string& flow_id, const FlowCookie& cookie);
    /// The person's decision; where the browser goes, which is nowhere for a device grant. Errors: denied (csrf), not_found, unreachable.
    [[nodiscard]] platform::Result<std::string> decide(const std::string& flow_id, const FlowCookie& cookie,
                                                       const std::string& csrf_token, bool approve);

private:
    [[nodiscard]] std::int64_t now() const { return platform::to_unix(m_clock.now()); }
    [[nodiscard]] platform::Result<PushResult> add(const PushedRequest& request);
    [[nodiscard]] std::string refusal_url(const Pairing& pairing, const std::string& code,
                                          const std::string& description) const;
    /// Ends the pairing; the URL that tells the agent why.
    [[nodiscard]] platform::Result<std::string> refuse(const Pairing& pairing, const std::string& code,
                                                       const std::string& description);
    /// That the browser holds the flow's cookie. Errors: not_found.
    [[nodiscard]] static platform::Result<Flow> match(Pairing pairing, const FlowCookie& cookie);
    /// That it goes on. Errors: not_found, with a code of pairing_end.h.
    [[nodiscard]] platform::Result<Flow> find_open(Flow flow) const;
    /// What it takes to be found, by somebody who has what only this flow's agent or provider could make. In a browser that did not begin the
    /// flow the pairing ends for everybody, because a stranger's link has led there.
    [[nodiscard]] platform::Result<Flow> find_or_burn(const Pairing& pairing, const FlowCookie& cookie);
    [[nodiscard]] platform::Result<CallLimit::Permit> enter(const IdentityProvider& provider);
    [[nodiscard]] platform::Result<Flow> find_upstream(const std::string& provider, const std::string& state,
                                                       const FlowCookie& cookie);
    [[nodiscard]] platform::Result<void> consume_upstream(const Flow& flow, const std::string& state);
    /// The same, from the provider's callback.
    [[nodiscard]] platform::Result<CallbackOutcome> send_home(const Flow& flow, const std::string& code,
                                                              const std::string& why);
    [[nodiscard]] platform::Result<CallbackOutcome> refused_upstream(const Flow& flow, const IdentityProvider& provider,
                                                                     const platform::Parameters& answer);
    [[nodiscard]] platform::Result<CallbackOutcome> identify(const Flow& flow, IdentityProvider& provider,
                                                             const platform::Parameters& answer);

    const Settings m_settings;
    Store& m_store;
    const Providers& m_providers;
    const AllowRules& m_rules;
    const platform::Clock& m_clock;
    platform::Random& m_random;
    std::map<std::string, CallLimit, std::less<>> m_calls; ///< by provider; filled once
};

} // namespace keyfob::server::signin
