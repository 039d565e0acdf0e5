#pragma once

#include "platform/clock.h"
#include "platform/random.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::platform {

/// `count` at once, and then as many again evenly over each `period`: from rest at most twice the count within one period.
struct Rate {
    std::int64_t count = 1;
    std::chrono::seconds period{1};

    /// The most that one key can take within `time`, beginning at rest.
    [[nodiscard]] constexpr std::int64_t most_within(std::chrono::seconds time) const {
        return count + count * time.count() / period.count();
    }
    friend constexpr bool operator==(const Rate&, const Rate&) = default;
};

/// Limits how often each of any number of keys may do something, in memory of one fixed size (OP-03). Nothing is ever evicted, so no flood of
/// other keys can reset one's own.
///
/// A count-min sketch of GCRA arrival times (the generic cell rate algorithm, ITU-T I.371): each key has one cell in each of four rows, found
/// by an HMAC under a key of this object, so that nobody can aim at the cells of somebody else. A cell holds the time at which its key is at
/// rest again; a key's own time is the earliest of its four cells, and taking one raises those of them that are earlier than the new time.
/// Keys that share a cell can only make it later: a limit can become stricter, never looser. A key that has done nothing is refused wrongly
/// when all four of its cells belong to others at their limit: with N of these the probability is (1 - exp(-N / 32768))^4, that is 8e-7 for
/// 1,000, 4e-4 for 5,000 and 5e-3 for 10,000. Size: 4 * 32768 * 8 octets = 1 MiB.
///
/// Thread-safe. `clock` must outlive it. What counts is steady time; if that went backwards, whoever was limited would wait longer, and nobody
/// else.
class RateLimiter {
public:
    static constexpr std::size_t k_rows = 4;
    static constexpr std::size_t k_cells = 32'768; ///< a row; a power of two

    /// `rate`: count and period of at least one.
    RateLimiter(Rate rate, const Clock& clock, Random& random);

    /// Takes one for `key`. Zero: it was there to be taken. Otherwise nothing was taken, and that is how long until there is one.
    [[nodiscard]] std::chrono::nanoseconds take(std::string_view key);
    /// What take() would say now. With charge(), for what is known to count only afterwards.
    [[nodiscard]] std::chrono::nanoseconds peek(std::string_view key);
    /// Takes one whether it is there or not; what was not has to be waited for by whoever comes next.
    void charge(std::string_view key);

private:
    using Cells = std::array<std::size_t, k_rows>;
    [[nodiscard]] Cells cells_of(std::string_view key) const;
    [[nodiscard]] std::int64_t next_of(const Cells& cells, std::int64_t now) const;
    void set_time(const Cells& cells, std::int64_t time);
    [[nodiscard]] std::int64_t steady_now() const;

    const std::int64_t m_interval; ///< nanoseconds, as all times here: between two, once the count is used up
    const std::int64_t m_window;   ///< count * interval: how far ahead of now a key's time may be
    const Clock& m_clock;
    const std::string m_secret;
    std::mutex
        m_mutex; ///< held for some ten nanoseconds; one of its own for each cell would count a key's parallel requests as one
    std::vector<std::int64_t> m_times; ///< steady time; at first long ago
};

} // namespace keyfob::platform
