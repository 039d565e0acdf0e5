#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace keyfob::platform {

/// A fixed number of threads and a bounded queue. Tasks must not throw: one that does is logged and dropped. Thread-safe.
class ThreadPool {
public:
    ThreadPool(std::size_t threads, std::size_t queue);
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;
    ~ThreadPool(); ///< stop()

    /// False when the queue is full or the pool stops: the task was not taken and will never run.
    [[nodiscard]] bool try_submit(std::function<void()> task);
    /// Drops what waits, lets what runs finish, joins. Idempotent.
    void stop();

private:
    void run();

    const std::size_t m_limit;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    std::deque<std::function<void()>> m_queue;
    bool m_stopping = false;
    std::vector<std::thread> m_threads;
};

} // namespace keyfob::platform
