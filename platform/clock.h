#pragma once

#include <chrono>
#include <cstdint>

namespace keyfob::platform {

using WallTime = std::chrono::system_clock::time_point;
using SteadyTime = std::chrono::steady_clock::time_point;

/// The two clocks that the programs read. Wall time is for what is stored or sent (expiry, iat), steady time for deadlines
/// inside one process. Implementations are thread-safe.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime now() const = 0;
    [[nodiscard]] virtual SteadyTime steady_now() const = 0;
};

class SystemClock final : public Clock {
public:
    [[nodiscard]] WallTime now() const override { return std::chrono::system_clock::now(); }
    [[nodiscard]] SteadyTime steady_now() const override { return std::chrono::steady_clock::now(); }
};

/// Whole seconds since 1970-01-01 UTC, the only time format in tables, tokens and messages.
[[nodiscard]] inline std::int64_t to_unix(WallTime time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}
[[nodiscard]] inline WallTime from_unix(std::int64_t seconds) {
    return WallTime{std::chrono::seconds{seconds}};
}

} // namespace keyfob::platform
