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
#include <set>
#include <string>

namespace keyfob::agent::login {

class Caller;
class Login;

/// What login.start asks for.
struct LoginRequest {
    platform::Origin server;
    std::uint16_t port = 0; ///< of the loopback listener; 0: any
    std::chrono::seconds timeout{600};
    std::string device_name;      ///< empty: this machine's
    bool by_device_grant = false; ///< a code that is typed in a browser anywhere, instead of a listener
};

struct StartedLogin {
    std::string id;
    std::string start_url; ///< empty with the device grant, which has the next two
    std::string verification_uri;
    std::string user_code;
    std::chrono::seconds expires_in{0};
    bool joined = false; ///< somebody else has been told of it before
};

/// The sign-ins that run, one for each server and way, and the commands that wait for them (AG-10): whoever asks for a server where one runs joins
/// it.
/// A sign-in goes on while at least one of its commands is left. Main loop thread only.
class LoginService {
public:
    using Started = std::function<void(const platform::Result<StartedLogin>&)>;
    using Finished = std::function<void(const platform::Result<vault::AccountPtr>&)>;
    using Reached = std::function<void(bool reached)>;

    LoginService(vault::AccountStore& accounts, vault::Keychain& keychain, ipc::Workers& workers,
                 const server::api::Transport& transport, const platform::Clock& clock, platform::Random& random);
    ~LoginService();
    LoginService(const LoginService&) = delete;
    LoginService& operator=(const LoginService&) = delete;

    /// Begins a sign-in, or joins the one at that server. The id is this call's own. Errors: the keychain's (nothing was begun), usage (the one
    /// that runs is on another port), failed (no such server, the port is in use, too many).
    void start(const LoginRequest& request, const std::shared_ptr<ipc::Connection>& owner, Started started);
    /// Errors: cancelled, timed_out, refused, failed, the keychain's; usage for an unknown id.
    void wait(const std::string& id, Finished finished);
    /// `reached(true)` when a browser has come, `reached(false)` when the sign-in ended without. Ignores an unknown id.
    void await_browser(const std::string& id, Reached reached);
    /// That call leaves; the sign-in ends, at the server too, with the last one that does. Errors: usage.
    [[nodiscard]] platform::Result<void> cancel(const std::string& id);
    /// Whether that connection began it. Errors: usage, the same for the sign-in of another connection and for an unknown id.
    [[nodiscard]] platform::Result<void> check_owner(const std::string& id, const ipc::Connection* connection) const;

private:
    friend class Login;
    [[nodiscard]] std::shared_ptr<Caller> find(const std::string& id) const;
    /// A new one, or the one that runs at that server. Errors: failed (too many).
    [[nodiscard]] platform::Result<std::shared_ptr<Login>> enter(const LoginRequest& request);
    void forget(const std::string& id);

    vault::AccountStore& m_accounts;
    vault::Keychain& m_keychain;
    ipc::Workers& m_workers;
    const server::api::Transport& m_transport;
    const platform::Clock& m_clock;
    platform::Random& m_random;
    std::set<std::shared_ptr<Login>> m_logins; ///< those that run, or wait for the browser's last page
    std::map<std::string, std::shared_ptr<Caller>>
        m_callers; ///< of these and of ended ones, until their connection closes
};

} // namespace keyfob::agent::login
