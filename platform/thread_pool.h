#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace keyfob::platform {

/// Threads that begin when there is work for them, up to a number, and then stay; and a bounded queue. Tasks must not throw: one that does is logged and dropped. Thread-safe.
class ThreadPool {
public:
    ThreadPool(std::size_t most_threads, std::size_t queue) : m_most(most_threads), m_limit(queue) {}
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool(); ///< stop()

    /// False when the queue is full, the pool stops, or no thread can be had: the task was not taken and will never run.
    [[nodiscard]] bool try_submit(std::function<void()> task);
    /// Whether a thread waits for a task that nobody has given it yet.
    [[nodiscard]] bool has_idle_thread() const;
    /// Drops what waits, lets what runs finish, joins. Idempotent.
    void stop();

private:
    [[nodiscard]] bool has_thread_for_next();
    void run();

    const std::size_t m_most;
    const std::size_t m_limit;
    mutable std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<std::function<void()>> m_queue;
    bool m_stopping = false;
    std::size_t m_idle = 0; ///< threads that wait for a task
    std::vector<std::thread> m_threads;
};

} // namespace keyfob::platform
