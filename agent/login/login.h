#pragma once

#include "agent/ipc/main_loop.h"
#include "agent/login/caller.h"
#include "agent/login/device_flow.h"
#include "agent/login/keeping.h"
#include "agent/login/login_flow.h"
#include "agent/login/login_service.h"
#include "agent/login/loopback_listener.h"

#include <memory>
#include <optional>
#include <vector>

namespace keyfob::agent::login {

/// One sign-in from the first login.start to its end, and the calls that wait for it. Owned by the LoginService; main loop thread only, but for
/// what LoginFlow and LoopbackListener do.
class Login : public std::enable_shared_from_this<Login> {
public:
    /// Port, timeout and device name are those of the first call.
    Login(LoginService& service, LoginRequest request);
    Login(const Login&) = delete;
    Login& operator=(const Login&) = delete;
    ~Login();

    /// The first one starts it. Precondition: it has not ended.
    void join(const CallerPtr& caller);
    /// That call ends with that error. After the last one so does the sign-in, and the server is told; but the listener of one that has ended
    /// stays for the browser's last page.
    void leave(CallerPtr caller, const platform::Error& error);
    [[nodiscard]] bool has_ended() const { return m_outcome.has_value(); }
    [[nodiscard]] bool is_shared() const { return m_callers.size() > 1; }
    /// Whoever asks for that can join.
    [[nodiscard]] bool is_like(const LoginRequest& request) const {
        return m_request.server == request.server && m_request.by_device_grant == request.by_device_grant;
    }

private:
    void start();
    void discover();
    [[nodiscard]] platform::Result<void> listen();
    void ask_for_code();
    void poll_after(std::chrono::seconds pause);
    void poll();
    /// The person can begin.
    void start_waiting(std::chrono::seconds patience);
    [[nodiscard]] bool is_waiting() const { return m_listener || m_code; }
    void announce(const CallerPtr& caller);
    void set_reached();
    [[nodiscard]] FlowEvents events();
    void store(server::api::SessionGrant grant, const platform::jose::EcKey& key);
    void abandon(const platform::Error& error);
    void finish(const platform::Result<vault::AccountPtr>& outcome);
    void retire(const vault::AccountPtr& replaced, const vault::Account& by);
    void close_listener();

    LoginService& m_service;
    const LoginRequest m_request;
    std::vector<CallerPtr> m_callers; ///< that are left
    bool m_is_announced = false;      ///< to one of them
    bool m_is_reached = false;        ///< by a browser
    platform::SteadyTime m_ends_at;
    std::shared_ptr<LoopbackListener> m_listener;
    std::optional<DeviceCode> m_code; ///< instead of a listener
    std::shared_ptr<DeviceFlow> m_device_flow;
    ipc::Timer m_poll_timer;
    std::function<void()> m_cancel_flow; ///< of either flow; blocks
    std::shared_ptr<Keeping> m_keeping = std::make_shared<Keeping>();
    ipc::Timer m_timer;
    std::optional<platform::Result<vault::AccountPtr>> m_outcome;
};

} // namespace keyfob::agent::login
