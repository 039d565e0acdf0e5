#pragma once

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/result.h"
#include "server/signin/device_grant_store.h"
#include "server/signin/device_tries.h"
#include "server/signin/pairing_service.h"
#include "server/signin/session_service.h"
#include "server/signin/token_service.h"

#include <cstdint>
#include <memory>
#include <string>

namespace keyfob::server::signin {

/// What a device asks for (RFC 8628 section 3.1, with RFC 7636), after its proof was checked.
struct DeviceRequest {
    std::string device_key; ///< public JWK as JSON text
    std::string device_thumbprint;
    std::string device_name; ///< as claimed
    std::string device_os;
    std::string client_address;
    std::string code_challenge; ///< of our agent; a standard client has none, as RFC 8628 knows none
    std::string client_id = {}; ///< of a standard client, which has no key; empty: our agent
};

struct DeviceAuthorization {
    std::string device_code; ///< secret of the device
    std::string user_code;   ///< as shown: `BCDF-GHJK`
    std::int64_t expires_in = 0;
    std::int64_t interval = 0; ///< seconds from one question to the next
};

/// The device's question whether the person has finished (RFC 8628 section 3.4).
struct DeviceTokenRequest {
    std::string device_code;
    std::string code_verifier;
    std::string device_thumbprint; ///< of the key that made the proof of this request
};

/// The device grant (RFC 8628): for machines with neither browser nor forwarding, the person types a code in a browser anywhere. Nothing shows that
/// this browser belongs to whoever asked, so it is off unless the operator turns it on, and its sessions are of a class of their own. From the
/// typed code on PairingService goes on as with every sign-in. Knows neither HTTP nor SQL. Thread-safe. Kind `unreachable` always means the store.
class DeviceService {
public:
    /// All must outlive it. Errors: unreachable.
    [[nodiscard]] static platform::Result<std::unique_ptr<DeviceService>>
    create(const Settings& settings, Store& store, SessionService& sessions, TokenService& tokens,
           const platform::Clock& clock, platform::Random& random);

    /// Errors: invalid (code invalid_request: the challenge), denied (slow_down), unreachable.
    [[nodiscard]] platform::Result<DeviceAuthorization> authorize(const DeviceRequest& request);
    /// Of a flow, or of the form where the code is typed, before there is one.
    [[nodiscard]] FlowSecret make_secret();
    /// Uses up what a person has typed, for the browser at hand. Errors: not_found (no such code, which counts as a wrong try if it is one at
    /// all), denied (slow_down: too many of these), unreachable.
    [[nodiscard]] platform::Result<Flow> enter(const std::string& typed, const std::string& browser_address);
    /// Errors: invalid with the code authorization_pending, slow_down (pending, and asked too fast: 5 s more from now on), access_denied,
    /// expired_token (RFC 8628 section 3.5), invalid_grant, or those that a refused sign-in takes to an agent; unreachable.
    [[nodiscard]] platform::Result<IssuedCookie> poll(const DeviceTokenRequest& request);
    /// The same for a standard client.
    [[nodiscard]] platform::Result<IssuedToken> poll(const Client& client, const std::string& device_code);

private:
    DeviceService(const Settings& settings, Store& store, SessionService& sessions, TokenService& tokens,
                  const platform::Clock& clock, platform::Random& random, std::string key);
    [[nodiscard]] std::int64_t now() const { return platform::to_unix(m_clock.now()); }
    [[nodiscard]] std::string hash_of(const std::string& user_code) const;
    [[nodiscard]] platform::Error wrong_code(const std::string& browser_address);
    [[nodiscard]] platform::Result<DevicePoll> find(const std::string& device_code);
    [[nodiscard]] platform::Result<void> check_finished(const DevicePoll& poll) const;
    [[nodiscard]] platform::Result<IssuedCookie> answer(const DevicePoll& poll, const DeviceTokenRequest& request);
    [[nodiscard]] platform::Result<IssuedToken> answer(const DevicePoll& poll, const Client& client);

    const Settings m_settings;
    Store& m_store;
    SessionService& m_sessions;
    TokenService& m_tokens;
    const platform::Clock& m_clock;
    platform::Random& m_random;
    const std::string m_key; ///< of the hashes of user codes
    DeviceTries m_tries;
};

} // namespace keyfob::server::signin
