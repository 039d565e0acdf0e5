#include "server/stop_limit.h"

namespace keyfob::server {

StopLimit::StopLimit(std::chrono::milliseconds longest, std::function<void()> give_up)
    : m_longest(longest), m_give_up(std::move(give_up)), m_thread([this] { run(); }) {}

StopLimit::~StopLimit() {
    {
        const std::lock_guard lock(m_mutex);
        m_over = true;
    }
    m_wake.notify_all();
    m_thread.join();
}

void StopLimit::run() {
    std::unique_lock lock(m_mutex);
    if (m_wake.wait_for(lock, m_longest, [this] { return m_over; }))
        return;
    lock.unlock();
    m_give_up();
}

} // namespace keyfob::server
