#pragma once

#include "agent/api/client.h"
#include "cli/interrupt.h"
#include "cli/login_report.h"
#include "cli/started_login.h"
#include "platform/json_value.h"
#include "platform/process.h"
#include "platform/result.h"
#include "platform/url.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace keyfob::cli {

/// In which a person opens a browser, or learns what else to do (CL-05).
inline constexpr std::chrono::milliseconds k_browser_patience{20'000};

/// The wait for the end of a login: for the agent's answer, and meanwhile for Ctrl-C, for the program that opens the browser, which may end, and
/// for the browser to come to this machine, where it has to. Refers to what it is made of. One thread.
class LoginWait {
public:
    LoginWait(agent::api::Client& agent, const StartedLogin& login, Interrupt& interrupt, LoginReport& report)
        : m_agent(agent), m_login(login), m_interrupt(interrupt), m_report(report) {}

    /// The account. When no browser has come after `browser_patience`, that is told once. Errors: those of login.wait; cancelled, code cancelled,
    /// when a signal has ended it, at the agent too.
    [[nodiscard]] platform::Result<platform::json::Value>
    run(std::optional<platform::ChildProcess> opener, std::chrono::milliseconds browser_patience = k_browser_patience);

private:
    using Answer = platform::Result<platform::json::Value>;
    [[nodiscard]] platform::Result<std::int64_t> send(const char* method);
    [[nodiscard]] Answer await(std::int64_t id, std::chrono::milliseconds longest);
    [[nodiscard]] platform::Result<void> await_browser(std::int64_t id, std::chrono::milliseconds patience);
    [[nodiscard]] std::chrono::milliseconds longest() const;
    [[nodiscard]] Answer await_after_browser(std::int64_t id, std::chrono::milliseconds patience);
    [[nodiscard]] Answer cancel(std::int64_t wait_id);

    agent::api::Client& m_agent;
    const StartedLogin& m_login;
    Interrupt& m_interrupt;
    LoginReport& m_report;
    std::optional<platform::ChildProcess> m_opener; ///< until it has ended
};

/// What a command says that was ended by a signal.
[[nodiscard]] platform::Error login_cancelled();

} // namespace keyfob::cli
