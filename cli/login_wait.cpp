#include "cli/login_wait.h"

#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "cli/account_text.h"

#include <algorithm>

namespace keyfob::cli {

using agent::api::Client;
using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::json::Value;

Error login_cancelled() {
    return {ErrorKind::cancelled, "cancelled; nobody was signed in", "", agent::api::k_cancelled};
}

Result<std::int64_t> LoginWait::send(const char* method) {
    return m_agent.send(method, platform::json::make_object("login_id", m_login.login_id));
}

LoginWait::Answer LoginWait::await(std::int64_t id, std::chrono::milliseconds longest) {
    const auto deadline = std::chrono::steady_clock::now() + longest;
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
        auto answer = m_agent.receive(
            id,
            {.longest = left, .interrupt = m_interrupt.descriptor(), .event = m_opener ? m_opener->descriptor() : -1});
        if (answer || answer.error().code != Client::k_event)
            return answer;
        if (const int code = m_opener->exit_code().value_or(0); code != 0)
            m_report.no_browser("the program that opens it ended with exit code " + std::to_string(code),
                                m_login.start);
        m_opener.reset();
    }
}

/// Errors: those after which there is nothing to wait for.
Result<void> LoginWait::await_browser(std::int64_t id, std::chrono::milliseconds patience) {
    const auto reached = await(id, patience);
    if (reached)
        return {};
    const Error& error = reached.error();
    if (error.code == agent::api::k_agent_unreachable && error.kind == ErrorKind::timed_out)
        m_report.not_reached(m_login.start);
    else if (error.code == agent::api::k_agent_unreachable || error.code == Client::k_interrupted)
        return error;
    return {}; // whatever else the agent says, that of login.wait counts
}

std::chrono::milliseconds LoginWait::longest() const {
    return std::chrono::seconds(m_login.expires_in) + agent::api::Patience().longest;
}

LoginWait::Answer LoginWait::await_after_browser(std::int64_t id, std::chrono::milliseconds patience) {
    KEYFOB_TRY_ASSIGN(const std::int64_t reached_id, send(agent::api::k_login_reached));
    KEYFOB_TRY(await_browser(reached_id, patience));
    return await(id, longest());
}

/// Tells the agent, which tells the server. Somebody may have approved at the same moment: then the account is signed in, and that is said.
LoginWait::Answer LoginWait::cancel(std::int64_t wait_id) {
    m_interrupt.forget(); // a second Ctrl-C does not wait for the server
    KEYFOB_TRY_ASSIGN(const std::int64_t id, send(agent::api::k_login_cancel));
    if (!m_agent.receive(id, {.interrupt = m_interrupt.descriptor()}))
        return login_cancelled();
    auto answer = m_agent.receive(wait_id, {.interrupt = m_interrupt.descriptor()});
    const bool is_told = answer || answer.error().code == agent::api::k_cancelled;
    return is_told ? std::move(answer) : login_cancelled();
}

LoginWait::Answer LoginWait::run(std::optional<platform::ChildProcess> opener,
                                 std::chrono::milliseconds browser_patience) {
    m_opener = std::move(opener);
    KEYFOB_TRY_ASSIGN(const std::int64_t id, send(agent::api::k_login_wait));
    auto answer = m_login.by_device_grant() ? await(id, longest()) : await_after_browser(id, browser_patience);
    if (!answer && answer.error().code == Client::k_interrupted)
        answer = cancel(id);
    KEYFOB_TRY(answer);
    const Value* account = platform::json::get_object(*answer, "account");
    return account == nullptr ? Answer(agent_nonsense("login.wait")) : *account;
}

} // namespace keyfob::cli
