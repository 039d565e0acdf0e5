#include "server/storage/writer_queue.h"

#include <algorithm>

namespace keyfob::server::storage {

/// Who is one too many waits only as long as turns come to an end.
bool WriterQueue::wait(std::unique_lock<std::mutex>& lock, Waiter& self, bool is_extra) {
    const Time last = std::chrono::steady_clock::now() + m_options.patience;
    while (m_busy || m_queue.front() != &self) {
        const Time now = std::chrono::steady_clock::now();
        const Time begun = m_busy ? m_begun : now; // between two turns nobody is stuck
        const Time until = is_extra ? std::min(last, begun + m_options.stuck_after) : last;
        if (now >= until)
            return false;
        self.wait_until(lock, until);
    }
    return true;
}

void WriterQueue::wake_first() {
    if (!m_busy && !m_queue.empty())
        m_queue.front()->notify_one();
}

bool WriterQueue::enter() {
    std::unique_lock lock(m_mutex);
    Waiter self;
    const bool is_extra = m_waiting >= m_options.most_waiting;
    m_waiting += is_extra ? 0 : 1;
    m_queue.push_back(&self);
    const bool mine = wait(lock, self, is_extra);
    m_queue.erase(std::find(m_queue.begin(), m_queue.end(), &self));
    m_waiting -= is_extra ? 0 : 1;
    if (mine) {
        m_busy = true;
        m_begun = std::chrono::steady_clock::now();
    }
    wake_first(); // the turn may have been given to one who had just lost patience
    return mine;
}

void WriterQueue::leave() {
    const std::lock_guard lock(m_mutex);
    m_busy = false;
    wake_first();
}

} // namespace keyfob::server::storage
