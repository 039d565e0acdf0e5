#include "platform/periodic_task.h"

#include "platform/log.h"

#include <exception>

namespace keyfob::platform {

PeriodicTask::PeriodicTask(std::chrono::milliseconds pause, std::function<void()> action)
    : m_pause(pause), m_action(std::move(action)), m_thread([this] { run(); }) {}

PeriodicTask::~PeriodicTask() {
    {
        const std::lock_guard lock(m_mutex);
        m_stopping = true;
    }
    m_wake.notify_all();
    m_thread.join();
}

/// An exception that left the thread would end the process.
void PeriodicTask::call() const {
    try {
        m_action();
    } catch (const std::exception& exception) {
        log::error("periodic_task_failed", {{"reason", exception.what()}});
    } catch (...) {
        log::error("periodic_task_failed", {{"reason", "an exception of an unknown kind"}});
    }
}

void PeriodicTask::run() {
    std::unique_lock lock(m_mutex);
    while (!m_stopping) {
        lock.unlock();
        call();
        lock.lock();
        m_wake.wait_for(lock, m_pause, [this] { return m_stopping; });
    }
}

} // namespace keyfob::platform
