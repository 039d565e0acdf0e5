#include "agent/login/keeping.h"

namespace keyfob::agent::login {

using platform::Result;

bool Keeping::decide(const Result<void>& outcome) {
    const std::lock_guard lock(m_mutex);
    if (m_outcome)
        return false;
    m_outcome = outcome;
    m_decided.notify_all();
    return true;
}

Result<void> Keeping::wait(std::chrono::milliseconds patience, const platform::Error& too_late) {
    std::unique_lock lock(m_mutex);
    if (!m_decided.wait_for(lock, patience, [this] { return m_outcome.has_value(); }))
        m_outcome = too_late;
    return *m_outcome;
}

} // namespace keyfob::agent::login
