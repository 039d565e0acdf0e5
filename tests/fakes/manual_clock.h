#pragma once

#include "platform/clock.h"

#include <atomic>

namespace keyfob::fakes {

/// Time that passes when a test says so, both clocks alike.
class ManualClock final : public platform::Clock {
public:
    explicit ManualClock(std::int64_t unix_seconds = 1'800'000'000) : m_start(unix_seconds) {}

    [[nodiscard]] platform::WallTime now() const override { return platform::from_unix(m_start + m_passed); }
    [[nodiscard]] platform::SteadyTime steady_now() const override {
        return platform::SteadyTime{std::chrono::seconds{1'000'000 + m_passed}};
    }
    void advance(std::chrono::seconds time) { m_passed += time.count(); }
    [[nodiscard]] std::int64_t unix_seconds() const { return m_start + m_passed; }

private:
    const std::int64_t m_start;
    std::atomic<std::int64_t> m_passed{0};
};

} // namespace keyfob::fakes
