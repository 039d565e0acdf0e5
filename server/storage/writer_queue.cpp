#include "server/storage/writer_queue.h"

#include <algorithm>

namespace keyfob::server::storage {

/// Who is one too many waits only as long as turns come to an end.
bool WriterQueue::wait(std::unique_lock<std::mutex>& lock, bool is_extra) {
    const Time last = std::chrono::steady_clock::now() + m_options.patience;
    while (m_busy) {
        const Time until = is_extra ? std::min(last, m_begun + m_options.stuck_after) : last;
        if (std::chrono::steady_clock::now() >= until)
            return false;
        m_left.wait_until(lock, until);
    }
    return true;
}

bool WriterQueue::enter() {
    std::unique_lock lock(m_mutex);
    const bool is_extra = m_waiting >= m_options.most_waiting;
    m_waiting += is_extra ? 0 : 1;
    const bool mine = wait(lock, is_extra);
    m_waiting -= is_extra ? 0 : 1;
    if (mine) {
        m_busy = true;
        m_begun = std::chrono::steady_clock::now();
    }
    return mine;
}

void WriterQueue::leave() {
    {
        const std::lock_guard lock(m_mutex);
        m_busy = false;
    }
    m_left.notify_one();
}

} // namespace keyfob::server::storage
