#include "server/housekeeping.h"

#include "platform/log.h"

#include <chrono>

namespace keyfob::server {

namespace {
constexpr std::chrono::seconds k_pause{60};
constexpr int k_batch = 500;
constexpr int k_most_batches = 200; // then others may write for a minute
} // namespace

Housekeeping::Housekeeping(signin::Store& store, const platform::Clock& clock)
    : m_store(store), m_clock(clock), m_thread([this] { run(); }) {}

Housekeeping::~Housekeeping() {
    {
        const std::lock_guard lock(m_mutex);
        m_stopping = true;
    }
    m_wake.notify_all();
    m_thread.join();
}

void Housekeeping::run() {
    std::unique_lock lock(m_mutex);
    while (!m_wake.wait_for(lock, k_pause, [this] { return m_stopping; })) {
        lock.unlock();
        remove_expired();
        lock.lock();
    }
}

void Housekeeping::remove_expired() {
    for (int batch = 0; batch < k_most_batches; ++batch) {
        const auto removed = m_store.remove_expired(platform::to_unix(m_clock.now()), k_batch);
        if (!removed)
            platform::log::warning("housekeeping_failed", {{"reason", removed.error().message}});
        if (!removed || *removed < k_batch)
            return;
    }
}

} // namespace keyfob::server
