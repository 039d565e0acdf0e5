#include "agent/login/login_flow.h"

#include "agent/api/error_code.h"
#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/log.h"

#include <algorithm>

namespace keyfob::agent::login {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
namespace server_api = keyfob::server::api;

constexpr std::chrono::seconds k_code_life{55}; ///< the server keeps a code for a minute
constexpr std::size_t k_longest_challenge = 256;

Page page_of(const Error& error) {
    if (error.code == api::k_cancelled)
        return Page::declined;
    return error.code == api::k_refused ? Page::not_allowed : Page::failed;
}

} // namespace

LoginFlow::LoginFlow(FlowOptions options, FlowEvents events, const server_api::Transport& transport,
                     const platform::Clock& clock, platform::Random& random)
    : m_options(std::move(options)), m_events(std::move(events)), m_clock(clock), m_random(random),
      m_key(platform::jose::EcKey::generate()), m_client(m_options.server, transport, clock, random) {}

bool LoginFlow::has_ended() const {
    const std::lock_guard lock(m_mutex);
    return m_cancelled || m_ended.has_value();
}

Step LoginFlow::ended_step() const {
    const std::lock_guard lock(m_mutex);
    return {"", m_ended.value_or(Page::over)};
}

Step LoginFlow::end(Page page) {
    const std::lock_guard lock(m_mutex);
    m_ended = page;
    return {"", page};
}

Result<Step> LoginFlow::begin() {
    const std::lock_guard one_at_a_time(m_exchange);
    if (has_ended())
        return Step{"", Page::over};
    std::string state = m_random.token();
    std::string verifier = m_random.token();
    KEYFOB_TRY_ASSIGN(
        std::string request_uri,
        m_client.push(m_key, {m_options.redirect_uri, state, platform::base64url_encode(platform::sha256(verifier)),
                              m_options.device_name, m_options.device_os}));
    m_state = std::move(state);
    m_verifier = std::move(verifier);
    m_request_uri = std::move(request_uri);
    m_challenge.clear();
    return Step{m_client.authorization_url(m_request_uri), Page::over};
}

bool LoginFlow::is_ours(const platform::Parameters& answer) const {
    return !m_state.empty() && platform::constant_time_equal(answer.get("state"), m_state) &&
           platform::constant_time_equal(answer.get("iss"), m_options.server.text());
}

Step LoginFlow::answer_challenge(const platform::Parameters& question) {
    const std::lock_guard one_at_a_time(m_exchange);
    if (has_ended())
        return ended_step();
    const std::string challenge = question.get("challenge");
    const bool may_answer = is_ours(question) && !challenge.empty() && challenge.size() <= k_longest_challenge &&
                            (m_challenge.empty() || m_challenge == challenge); // the browser may have asked twice
    if (!may_answer) {
        platform::log::warning("stray_preflight", {{"server", m_options.server.authority()}});
        return {"", Page::not_yours};
    }
    m_challenge = challenge;
    return {m_client.preflight_url(m_key, m_request_uri, challenge), Page::over};
}

Step LoginFlow::refused(const platform::Parameters& answer) {
    const Error error = terminal_error(platform::printable(answer.get("error"), 64),
                                       platform::printable(answer.get("error_description"), 300));
    Step step = end(page_of(error));
    m_events.fail(error);
    return step;
}

Step LoginFlow::finish(const platform::Parameters& answer) {
    const std::lock_guard one_at_a_time(m_exchange);
    if (has_ended())
        return ended_step();
    if (!is_ours(answer)) {
        platform::log::warning("stray_callback", {{"server", m_options.server.authority()}});
        return {"", Page::not_yours};
    }
    if (answer.find("error") != nullptr || answer.get("code").empty())
        return refused(answer);
    auto grant = redeem(answer.get("code"));
    if (!grant) {
        Step step = end(Page::failed);
        m_events.fail({grant.error().kind, "the sign-in failed: " + grant.error().message, "try again", api::k_failed});
        return step;
    }
    return end(keep_session(m_events, m_client, m_key, std::move(*grant)) ? Page::signed_in : Page::failed);
}

/// False: it was cancelled.
bool LoginFlow::pause(std::chrono::milliseconds time) {
    std::unique_lock lock(m_mutex);
    m_wake.wait_for(lock, time, [this] { return m_cancelled; });
    return !m_cancelled;
}

/// A server that is being restarted, and an answer that got lost, must not cost the person the sign-in (S8).
Result<server_api::SessionGrant> LoginFlow::redeem(const std::string& code) {
    const auto deadline = m_clock.steady_now() + k_code_life;
    while (true) {
        auto grant = m_client.redeem(m_key, {code, m_verifier, m_options.redirect_uri});
        if (grant || !may_pass(grant.error()))
            return grant;
        const std::chrono::milliseconds asked = grant.error().retry_after;
        if (m_clock.steady_now() + asked >= deadline || !pause(std::max(m_options.pause, asked)))
            return grant;
    }
}

void LoginFlow::cancel() {
    {
        const std::lock_guard lock(m_mutex);
        if (m_ended)
            return;
        m_cancelled = true;
    }
    m_wake.notify_all();
    const std::lock_guard one_at_a_time(m_exchange);
    if (m_state.empty())
        return; // the server has never heard of it
    if (const auto cancelled = m_client.cancel(m_key); !cancelled)
        platform::log::info("cancel_not_delivered", {{"reason", cancelled.error().message}});
}

} // namespace keyfob::agent::login
