#include "agent/login/device_flow.h"

#include "agent/api/error_code.h"
#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/log.h"
#include "server/api/routes.h"

#include <algorithm>
#include <utility>

namespace keyfob::agent::login {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using std::chrono::seconds;
namespace server_api = keyfob::server::api;

namespace {

constexpr seconds k_slow_down{5}; ///< RFC 8628 section 3.5
constexpr seconds k_longest_pause{60};
constexpr int k_most_doublings = 4;

} // namespace

DeviceFlow::DeviceFlow(DeviceFlowOptions options, FlowEvents events, const server_api::Transport& transport,
                       const platform::Clock& clock, platform::Random& random)
    : m_options(std::move(options)), m_events(std::move(events)), m_random(random),
      m_key(platform::jose::EcKey::generate()), m_client(m_options.server, transport, clock, random) {}

Result<DeviceCode> DeviceFlow::begin() {
    const std::lock_guard one_at_a_time(m_exchange);
    m_verifier = m_random.token();
    KEYFOB_TRY_ASSIGN(auto answer,
                      m_client.authorize_device(m_key, {platform::base64url_encode(platform::sha256(m_verifier)),
                                                        m_options.device_name, m_options.device_os}));
    m_device_code = std::move(answer.device_code);
    m_interval = seconds(answer.interval);
    return DeviceCode{answer.user_code, answer.verification_uri, seconds(answer.expires_in), m_interval};
}

bool DeviceFlow::end() {
    const std::lock_guard lock(m_mutex);
    return !std::exchange(m_ended, true);
}

void DeviceFlow::fail(const Error& error) {
    if (end())
        m_events.fail(error);
}

std::optional<seconds> DeviceFlow::poll() {
    const std::lock_guard one_at_a_time(m_exchange);
    {
        const std::lock_guard lock(m_mutex);
        if (m_ended)
            return std::nullopt;
    }
    auto grant = m_client.poll_device(m_key, m_device_code, m_verifier);
    if (!grant)
        return pause_after(grant.error());
    (void)keep_session(m_events, m_client, m_key, std::move(*grant));
    end();
    return std::nullopt;
}

std::optional<seconds> DeviceFlow::pause_after(const Error& error) {
    if (error.code == server_api::k_error_slow_down)
        m_interval += k_slow_down;
    else if (error.code != server_api::k_error_authorization_pending && may_pass(error)) {
        m_failures = std::min(m_failures + 1, k_most_doublings);
        return std::max(std::chrono::ceil<seconds>(error.retry_after),
                        std::min(m_interval * (1 << m_failures), k_longest_pause));
    }
    m_failures = 0;
    if (error.code == server_api::k_error_slow_down || error.code == server_api::k_error_authorization_pending)
        return std::max(m_interval, std::chrono::ceil<seconds>(error.retry_after));
    if (error.code == server_api::k_error_expired_token)
        fail({ErrorKind::timed_out, "nobody finished the sign-in in time", "start it again", api::k_timed_out});
    else
        fail(terminal_error(error.code, error.message));
    return std::nullopt;
}

void DeviceFlow::cancel() {
    if (!end())
        return;
    const std::lock_guard one_at_a_time(m_exchange);
    if (m_device_code.reveal().empty())
        return; // the server has never heard of it
    if (const auto cancelled = m_client.cancel(m_key); !cancelled)
        platform::log::info("cancel_not_delivered", {{"reason", cancelled.error().message}});
}

} // namespace keyfob::agent::login
