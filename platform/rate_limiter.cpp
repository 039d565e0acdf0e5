#include "platform/rate_limiter.h"

#include "platform/digest.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace keyfob::platform {

namespace {
constexpr std::size_t k_secret_octets = 32;

std::int64_t interval_of(const Rate& rate) {
    return std::max<std::int64_t>(std::chrono::nanoseconds(rate.period).count() / rate.count, 1);
}
} // namespace

RateLimiter::RateLimiter(Rate rate, const Clock& clock, Random& random)
    : m_interval(interval_of(rate)), m_window(m_interval * rate.count), m_clock(clock),
      m_secret(random.bytes(k_secret_octets)), m_times(k_rows * k_cells, std::numeric_limits<std::int64_t>::min()) {}

RateLimiter::Cells RateLimiter::cells_of(std::string_view key) const {
    const std::string digest = hmac_sha256(m_secret, key);
    Cells cells{};
    for (std::size_t row = 0; row < k_rows; ++row) {
        std::uint64_t number = 0;
        static_assert(k_rows * sizeof number <= 32, "each row has octets of its own in the digest");
        std::memcpy(&number, digest.data() + row * sizeof number, sizeof number);
        cells[row] = row * k_cells + number % k_cells;
    }
    return cells;
}

std::int64_t RateLimiter::steady_now() const {
    return std::chrono::nanoseconds(m_clock.steady_now().time_since_epoch()).count();
}

/// The key's time after one more.
std::int64_t RateLimiter::next_of(const Cells& cells, std::int64_t now) const {
    std::int64_t rest = std::numeric_limits<std::int64_t>::max();
    for (const std::size_t cell : cells)
        rest = std::min(rest, m_times[cell]);
    return std::max(rest, now) + m_interval;
}

void RateLimiter::set_time(const Cells& cells, std::int64_t time) {
    for (const std::size_t cell : cells)
        m_times[cell] = std::max(m_times[cell], time);
}

std::chrono::nanoseconds RateLimiter::take(std::string_view key) {
    const Cells cells = cells_of(key);
    const std::lock_guard lock(m_mutex);
    const std::int64_t now = steady_now();
    const std::int64_t next = next_of(cells, now);
    if (next > now + m_window)
        return std::chrono::nanoseconds(next - now - m_window);
    set_time(cells, next);
    return std::chrono::nanoseconds{0};
}

std::chrono::nanoseconds RateLimiter::peek(std::string_view key) {
    const Cells cells = cells_of(key);
    const std::lock_guard lock(m_mutex);
    const std::int64_t now = steady_now();
    return std::chrono::nanoseconds(std::max<std::int64_t>(next_of(cells, now) - now - m_window, 0));
}

void RateLimiter::charge(std::string_view key) {
    const Cells cells = cells_of(key);
    const std::lock_guard lock(m_mutex);
    set_time(cells, next_of(cells, steady_now()));
}

} // namespace keyfob::platform
