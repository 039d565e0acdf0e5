#pragma once

#include "platform/poller.h"
#include "platform/thread_pool.h"

#include <chrono>
#include <functional>
#include <memory>

namespace keyfob::agent::ipc {

/// Runs `action` on the main loop thread, soon. From any thread.
void run_on_main_loop(std::function<void()> action);

/// Lets a poller wait within the main loop, which GLib's own sources make dearer: each wakes the loop when it comes, when it goes, and twice for
/// each event. Main loop thread only.
class PollerSource {
public:
    /// `ready` is called with the tags that the poller tells.
    PollerSource(platform::Poller poller, std::function<void(void* tag)> ready);
    PollerSource(const PollerSource&) = delete;
    PollerSource& operator=(const PollerSource&) = delete;
    ~PollerSource();
    [[nodiscard]] platform::Poller& poller() { return m_poller; }

private:
    void take_ready();

    platform::Poller m_poller;
    std::function<void(void*)> m_ready;
    unsigned m_source = 0;
};

/// One timer of the main loop; cancelled when it goes. Main loop thread only.
class Timer {
public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    ~Timer() { cancel(); }
    /// Replaces what was started before. A delay of more than 49 days is one of 49 days.
    void start(std::chrono::milliseconds delay, std::function<void()> action);
    void cancel();

private:
    unsigned m_source = 0;
    std::function<void()> m_action;
};

/// Threads for what may wait: requests to servers. Results come back to the main loop.
class Workers {
public:
    Workers() : m_pool(k_threads, k_queue) {}
    /// Runs `work` on a thread and then `done(result)` on the main loop. False: too much waits already; neither will run.
    template <typename Work, typename Done> [[nodiscard]] bool run(Work work, Done done) {
        return m_pool.try_submit([work = std::move(work), done = std::move(done)]() mutable {
            auto result = std::make_shared<decltype(work())>(work());
            run_on_main_loop([result, done = std::move(done)]() mutable { done(std::move(*result)); });
        });
    }
    void stop() { m_pool.stop(); }

private:
    static constexpr std::size_t k_threads = 8;
    static constexpr std::size_t k_queue = 256;
    platform::ThreadPool m_pool;
};

} // namespace keyfob::agent::ipc
