#pragma once

#include "agent/login/flow_outcome.h"
#include "platform/clock.h"
#include "platform/jose/ec_key.h"
#include "platform/random.h"
#include "platform/result.h"
#include "platform/url.h"
#include "server/api/client.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>

namespace keyfob::agent::login {

/// What a login needs to know and cannot choose itself.
struct FlowOptions {
    platform::Origin server;
    std::string redirect_uri;
    std::string device_name;
    std::string device_os;
    std::chrono::milliseconds pause{
        500}; ///< before a server that could not be reached is asked again, unless it says how long
};

/// What the browser gets to see.
enum class Page { signed_in, declined, not_allowed, failed, not_yours, over };
struct Step {
    std::string location; ///< 303 to it when not empty
    Page page = Page::over;
};

/// One sign-in attempt's dealings with server and browser: a device key, and for each opening of the start page a fresh push with a state
/// and verifier of its own, of which the newest counts. Blocks in network calls. Thread-safe.
class LoginFlow {
public:
    LoginFlow(FlowOptions options, FlowEvents events, const server::api::Transport& transport,
              const platform::Clock& clock, platform::Random& random);

    /// The browser has opened the start page. Errors go to the page and are no end: the person may try again.
    [[nodiscard]] platform::Result<Step> begin();
    /// The server asks, through this browser, whether we are behind it (AS-08). Only the newest push is answered for, and one challenge of it.
    [[nodiscard]] Step answer_challenge(const platform::Parameters& question);
    /// The browser came back. A wrong state or issuer changes nothing (AG-03).
    [[nodiscard]] Step finish(const platform::Parameters& answer);
    /// Ends it from outside: a redeem that waits for the server gives up. Tells the server, so that no page can be approved any more.
    void cancel();
    [[nodiscard]] bool has_ended() const;

private:
    [[nodiscard]] bool is_ours(const platform::Parameters& answer) const;
    [[nodiscard]] Step refused(const platform::Parameters& answer);
    [[nodiscard]] platform::Result<server::api::SessionGrant> redeem(const std::string& code);
    [[nodiscard]] bool pause(std::chrono::milliseconds time);
    [[nodiscard]] Step ended_step() const;
    Step end(Page page);

    const FlowOptions m_options;
    const FlowEvents m_events;
    const platform::Clock& m_clock;
    platform::Random& m_random;
    const platform::jose::EcKey m_key;
    std::mutex m_exchange; ///< one step at a time
    server::api::Client m_client;
    std::string m_request_uri;
    std::string m_challenge; ///< the one that was answered; empty before
    std::string m_state;
    std::string m_verifier;
    mutable std::mutex m_mutex; ///< the two below
    bool m_cancelled = false;
    std::optional<Page> m_ended;
    std::condition_variable m_wake;
};

} // namespace keyfob::agent::login
