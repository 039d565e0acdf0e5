#pragma once

#include "agent/ipc/main_loop.h"
#include "agent/ipc/server.h"
#include "agent/vault/account_store.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "server/api/client.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace keyfob::agent::login {

class Login;

/// What login.start asks for.
struct LoginRequest {
    platform::Origin server;
    std::uint16_t port = 0; ///< of the loopback listener; 0: any
    std::chrono::seconds timeout{600};
    std::string device_name; ///< empty: this machine's
};

struct StartedLogin {
    std::string id;
    std::string start_url;
    std::chrono::seconds expires_in{0};
};

/// The sign-ins that run. Each is bound to the connection that began it and ends with it. Main loop thread only.
class LoginService {
public:
    using Started = std::function<void(const platform::Result<StartedLogin>&)>;
    using Finished = std::function<void(const platform::Result<vault::AccountPtr>&)>;

    LoginService(vault::AccountStore& accounts, vault::Keychain& keychain, ipc::Workers& workers,
                 const server::api::Transport& transport, const platform::Clock& clock, platform::Random& random);
    ~LoginService();
    LoginService(const LoginService&) = delete;
    LoginService& operator=(const LoginService&) = delete;

    /// Errors: the keychain's (nothing was begun), usage (port), failed (no such server).
    void start(const LoginRequest& request, const std::shared_ptr<ipc::Connection>& owner, Started started);
    /// Errors: cancelled, timed_out, refused, failed, the keychain's; usage for an unknown id.
    void wait(const std::string& id, Finished finished);
    [[nodiscard]] platform::Result<void> cancel(const std::string& id);
    /// Whether that connection began it. Errors: usage, the same for the sign-in of another connection and for an unknown id.
    [[nodiscard]] platform::Result<void> check_owner(const std::string& id, const ipc::Connection* connection) const;

private:
    friend class Login;
    void forget(const std::string& id);

    vault::AccountStore& m_accounts;
    vault::Keychain& m_keychain;
    ipc::Workers& m_workers;
    const server::api::Transport& m_transport;
    const platform::Clock& m_clock;
    platform::Random& m_random;
    std::map<std::string, std::shared_ptr<Login>> m_logins;
    std::map<std::string, const ipc::Connection*> m_owners; ///< of those; to be compared only
    std::map<std::string, std::shared_ptr<Login>>
        m_released; ///< their command has gone, the browser's last page is to be fetched
};

} // namespace keyfob::agent::login
