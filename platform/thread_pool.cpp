#include "platform/thread_pool.h"

#include "platform/log.h"

#include <exception>
#include <utility>

namespace keyfob::platform {

ThreadPool::ThreadPool(std::size_t threads, std::size_t queue) : m_limit(queue) {
    for (std::size_t i = 0; i < threads; ++i)
        m_threads.emplace_back([this] { run(); });
}

ThreadPool::~ThreadPool() {
    stop();
}

bool ThreadPool::try_submit(std::function<void()> task) {
    {
        const std::lock_guard lock(m_mutex);
        if (m_stopping || m_queue.size() >= m_limit)
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
            m_wake.wait(lock, [this] { return m_stopping || !m_queue.empty(); });
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
