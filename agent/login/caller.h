#pragma once

#include "agent/ipc/main_loop.h"
#include "agent/login/login_service.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace keyfob::agent::login {

/// One login.start: a command's part in a sign-in, which it may share with others (AG-10). It ends with the sign-in, or before it, when its
/// command leaves. Main loop thread only.
class Caller {
public:
    /// `connection` is compared only.
    Caller(std::string id, LoginRequest request, const ipc::Connection* connection, LoginService::Started started)
        : m_id(std::move(id)), m_request(std::move(request)), m_connection(connection), m_started(std::move(started)) {}
    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;
    ~Caller() = default;

    [[nodiscard]] const std::string& id() const { return m_id; }
    [[nodiscard]] const LoginRequest& request() const { return m_request; }
    [[nodiscard]] const ipc::Connection* connection() const { return m_connection; }
    [[nodiscard]] bool has_ended() const { return m_outcome.has_value(); }
    [[nodiscard]] std::shared_ptr<Login> login() const { return m_login.lock(); }
    void set_login(const std::shared_ptr<Login>& login) { m_login = login; }

    /// The sign-in has begun. Call once; before that end() is the answer to login.start.
    void tell(const StartedLogin& started);
    /// `late` is called unless it has ended by then.
    void start_timer(std::chrono::seconds patience, std::function<void()> late);
    /// Its command has gone: login.start is not answered any more.
    void disconnect() { m_started = nullptr; }
    void set_reached();
    /// Later outcomes change nothing.
    void end(const platform::Result<vault::AccountPtr>& outcome);

    void wait(LoginService::Finished finished);
    void await_browser(LoginService::Reached reached);

private:
    const std::string m_id;
    const LoginRequest m_request;
    const ipc::Connection* const m_connection;
    std::weak_ptr<Login> m_login;
    LoginService::Started m_started; ///< empty when it has been told
    ipc::Timer m_timer;
    bool m_reached = false;
    std::optional<platform::Result<vault::AccountPtr>> m_outcome;
    std::vector<LoginService::Finished> m_waiting;
    std::vector<LoginService::Reached> m_awaiting_browser;
};
using CallerPtr = std::shared_ptr<Caller>;

} // namespace keyfob::agent::login
