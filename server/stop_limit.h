#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace keyfob::server {

/// How long the stop of the server may take (OP-08): when `longest` has passed and the object still lives, `give_up` is called, once, on a thread
/// of its own. What keeps the server then is requests to providers, which cannot be called back; all that must last is in the database.
class StopLimit {
public:
    StopLimit(std::chrono::milliseconds longest, std::function<void()> give_up);
    StopLimit(const StopLimit&) = delete;
    StopLimit& operator=(const StopLimit&) = delete;
    ~StopLimit(); ///< in time

private:
    void run();

    const std::chrono::milliseconds m_longest;
    const std::function<void()> m_give_up;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_over = false;
    std::thread m_thread;
};

} // namespace keyfob::server
