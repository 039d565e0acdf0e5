#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace keyfob::platform {

/// Calls `action` on a thread of its own: at once, and then with `pause` between the end of one call and the next. Ends with the object, which
/// waits for a call that runs. An exception of the action is logged, and the next call comes in its time.
class PeriodicTask {
public:
    PeriodicTask(std::chrono::milliseconds pause, std::function<void()> action);
    PeriodicTask(const PeriodicTask&) = delete;
    PeriodicTask& operator=(const PeriodicTask&) = delete;
    ~PeriodicTask();

private:
    void run();
    void call() const;

    const std::chrono::milliseconds m_pause;
    const std::function<void()> m_action;
    std::mutex m_mutex;
    std::condition_variable m_wake;
    bool m_stopping = false;
    std::thread m_thread;
};

} // namespace keyfob::platform
