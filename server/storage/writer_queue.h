#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>

namespace keyfob::server::storage {

struct WriterQueueOptions {
    std::chrono::milliseconds patience;
    std::size_t most_waiting; ///< while the writer is stuck; a burst that moves on may be longer
    std::chrono::milliseconds stuck_after;
};

/// Gives writers their turn, one at a time and in the order in which they came, so that one who comes again and again (housekeeping) keeps
/// nobody waiting for more than a turn. When the one whose turn it is does not come to an end, because another process holds the lock of
/// SQLite or the disk hangs, only a few go on waiting and the rest fail at once: whoever waits keeps a thread from those who only read.
/// Thread-safe.
class WriterQueue {
public:
    explicit WriterQueue(WriterQueueOptions options) : m_options(options) {}

    /// False: the turn did not come in time. Otherwise leave() must follow.
    [[nodiscard]] bool enter();
    void leave();

private:
    using Time = std::chrono::steady_clock::time_point;
    using Waiter = std::condition_variable;
    [[nodiscard]] bool wait(std::unique_lock<std::mutex>& lock, Waiter& self, bool is_extra);
    void wake_first();

    const WriterQueueOptions m_options;
    std::mutex m_mutex;
    std::deque<Waiter*> m_queue; ///< the first has the next turn; each lives on the stack of its thread
    bool m_busy = false;
    std::size_t m_waiting = 0; ///< without the extra ones
    Time m_begun{};            ///< of the turn at hand
};

} // namespace keyfob::server::storage
