#pragma once

#include "agent/ipc/main_loop.h"
#include "agent/login/keeping.h"
#include "agent/login/login_flow.h"
#include "agent/login/login_service.h"
#include "agent/login/loopback_listener.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace keyfob::agent::login {

/// One sign-in from login.start to its end. Owned by the LoginService; main loop thread only, but for what LoginFlow and LoopbackListener do.
class Login : public std::enable_shared_from_this<Login> {
public:
    Login(LoginService& service, LoginRequest request, std::string id);
    Login(const Login&) = delete;
    Login& operator=(const Login&) = delete;
    ~Login();

    void start(LoginService::Started started);
    void wait(LoginService::Finished finished);
    /// Ends it with that error, tells the server.
    void abandon(const platform::Error& error);
    /// The command has gone: cancels what runs; the listener of one that has ended stays for the browser's last page.
    void release();
    [[nodiscard]] bool has_ended() const { return m_outcome.has_value(); }
    [[nodiscard]] bool is_listening() const { return m_listener != nullptr; }

private:
    void discover(const LoginService::Started& started);
    [[nodiscard]] platform::Result<StartedLogin> listen();
    [[nodiscard]] FlowEvents events();
    void store(server::api::SessionGrant grant, const platform::jose::EcKey& key);
    void finish(const platform::Result<vault::AccountPtr>& outcome);
    void retire(const vault::AccountPtr& replaced, const vault::Account& by);
    void close_listener();

    LoginService& m_service;
    const LoginRequest m_request;
    const std::string m_id;
    std::shared_ptr<LoopbackListener> m_listener;
    std::shared_ptr<LoginFlow> m_flow;
    std::shared_ptr<Keeping> m_keeping = std::make_shared<Keeping>();
    ipc::Timer m_timer;
    std::optional<platform::Result<vault::AccountPtr>> m_outcome;
    std::vector<LoginService::Finished> m_waiting;
};

} // namespace keyfob::agent::login
