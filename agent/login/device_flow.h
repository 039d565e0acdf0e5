#pragma once

#include "agent/login/flow_outcome.h"
#include "platform/clock.h"
#include "platform/jose/ec_key.h"
#include "platform/random.h"
#include "platform/result.h"
#include "platform/url.h"
#include "server/api/client.h"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

namespace keyfob::agent::login {

struct DeviceFlowOptions {
    platform::Origin server;
    std::string device_name;
    std::string device_os;
};

/// What the person is told.
struct DeviceCode {
    std::string user_code;
    std::string verification_uri;
    std::chrono::seconds expires_in{0};
    std::chrono::seconds interval{0}; ///< before the first question
};

/// One sign-in by the device grant (RFC 8628): the person types a code in a browser anywhere, and we ask the server whether they have finished.
/// Blocks in network calls. Thread-safe.
class DeviceFlow {
public:
    DeviceFlow(DeviceFlowOptions options, FlowEvents events, const server::api::Transport& transport,
               const platform::Clock& clock, platform::Random& random);

    /// Call once. Errors: those of server::api::Client.
    [[nodiscard]] platform::Result<DeviceCode> begin();
    /// Asks once. How long to wait before the next time; nullopt: it has ended, and the events were told.
    [[nodiscard]] std::optional<std::chrono::seconds> poll();
    /// Ends it from outside. Tells the server, so that the code is worth nothing any more.
    void cancel();

private:
    [[nodiscard]] std::optional<std::chrono::seconds> pause_after(const platform::Error& error);
    void fail(const platform::Error& error);
    /// False: it had ended before.
    bool end();

    const DeviceFlowOptions m_options;
    const FlowEvents m_events;
    platform::Random& m_random;
    const platform::jose::EcKey m_key;
    std::mutex m_exchange; ///< one call to the server at a time; the five below
    server::api::Client m_client;
    std::string m_verifier;
    platform::SecretString m_device_code;
    std::chrono::seconds m_interval{5};
    int m_failures = 0; ///< in a row
    std::mutex m_mutex; ///< the one below
    bool m_ended = false;
};

} // namespace keyfob::agent::login
