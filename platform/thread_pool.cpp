#include "platform/thread_pool.h"

#include "platform/log.h"

#include <exception>
#include <system_error>
#include <utility>

namespace keyfob::platform {

ThreadPool::~ThreadPool() {
    stop();
}

bool ThreadPool::has_idle_thread() const {
    const std::lock_guard lock(m_mutex);
    return m_queue.size() < m_idle;
}

/// Under the mutex.
bool ThreadPool::has_thread_for_next() {
    if (m_queue.size() < m_idle || m_threads.size() >= m_most)
        return true;
    try {
        m_threads.emplace_back([this] { run(); });
    } catch (const std::system_error& error) { // the system has no more; those that are there will do it
        log::warning("thread_not_started", {{"reason", error.what()}});
    }
    return !m_threads.empty();
}

bool ThreadPool::try_submit(std::function<void()> task) {
    {
        const std::lock_guard lock(m_mutex);
        if (m_stopping || m_queue.size() >= m_limit || !has_thread_for_next())
            return false;
        m_queue.push_back(std::move(task));
    }
    m_wake.notify_one();
    return true;
}

void ThreadPool::stop() {
    std::deque<std::function<void()>> dropped;
    {
        const std::lock_guard lock(m_mutex);
        m_stopping = true;
        dropped.swap(m_queue);
    }
    m_wake.notify_all();
    for (std::thread& thread : m_threads)
        if (thread.joinable())
            thread.join();
}

void ThreadPool::run() {
    while (true) {
        std::function<void()> task;
        {
            std::unique_lock lock(m_mutex);
            ++m_idle;
            m_wake.wait(lock, [this] { return m_stopping || !m_queue.empty(); });
            --m_idle;
            if (m_stopping)
                return;
            task = std::move(m_queue.front());
            m_queue.pop_front();
        }
        try {
            task();
        } catch (const std::exception& exception) {
            log::error("task_failed", {{"reason", exception.what()}});
        } catch (...) {
            log::error("task_failed", {{"reason", "an exception of an unknown kind"}});
        }
    }
}

} // namespace keyfob::platform
