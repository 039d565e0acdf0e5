#include "agent/login/caller.h"

#include <utility>

namespace keyfob::agent::login {

using platform::Result;
using vault::AccountPtr;

void Caller::tell(const StartedLogin& started) {
    if (const auto tell = std::exchange(m_started, nullptr))
        tell(started);
}

void Caller::start_timer(std::chrono::seconds patience, std::function<void()> late) {
    m_timer.start(patience, std::move(late));
}

void Caller::set_reached() {
    m_reached = true;
    for (const auto& reached : std::exchange(m_awaiting_browser, {}))
        reached(true);
}

void Caller::end(const Result<AccountPtr>& outcome) {
    if (m_outcome)
        return;
    m_outcome = outcome;
    m_timer.cancel();
    if (const auto tell = std::exchange(m_started, nullptr); tell && !outcome)
        tell(outcome.error());
    for (const auto& reached : std::exchange(m_awaiting_browser, {}))
        reached(m_reached);
    for (const auto& finished : std::exchange(m_waiting, {}))
        finished(outcome);
}

void Caller::wait(LoginService::Finished finished) {
    if (m_outcome)
        return finished(*m_outcome);
    m_waiting.push_back(std::move(finished));
}

void Caller::await_browser(LoginService::Reached reached) {
    if (m_reached || m_outcome)
        return reached(m_reached);
    m_awaiting_browser.push_back(std::move(reached));
}

} // namespace keyfob::agent::login
