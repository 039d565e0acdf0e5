#pragma once

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/rate_limiter.h"
#include "platform/result.h"
#include "server/signin/call_limit.h"
#include "server/signin/user_code.h"

#include <cstdint>
#include <mutex>
#include <string>

namespace keyfob::server::signin {

/// Limits how many wrong user codes are tried (DG-02), by address and in all, in memory of one size. Right codes cost nothing, so that an office
/// of many people can sign in. What is wrong is known only afterwards; so that tries at the same moment cannot all pass before the first is
/// counted, few are made at a time, and the limit in all leaves room for these. Each process counts for itself. Thread-safe.
class DeviceTries {
public:
    static constexpr std::size_t k_at_a_time = 4;
    static constexpr platform::Rate k_rate_of_address{5, std::chrono::seconds{k_user_code_seconds}};
    static constexpr platform::Rate k_rate_of_wide{10, std::chrono::seconds{k_user_code_seconds}}; ///< an IPv6 /48
    static constexpr platform::Rate k_rate_of_all{48, std::chrono::seconds{k_user_code_seconds}};

    DeviceTries(const platform::Clock& clock, platform::Random& random)
        : m_clock(clock), m_of_address(k_rate_of_address, clock, random), m_of_wide(k_rate_of_wide, clock, random),
          m_of_all(k_rate_of_all, clock, random) {}

    /// A try that may be made now, as long as the permit lives. Errors: denied (code slow_down).
    [[nodiscard]] platform::Result<CallLimit::Permit> enter(const std::string& client_address);
    /// It was wrong. True: somebody seems to be guessing, which is said once in ten minutes.
    [[nodiscard]] bool count_wrong(const std::string& client_address);

private:
    const platform::Clock& m_clock;
    platform::RateLimiter m_of_address;
    platform::RateLimiter m_of_wide;
    platform::RateLimiter m_of_all;
    CallLimit m_running{k_at_a_time};
    std::mutex m_mutex; ///< the next one
    std::int64_t m_next_alarm = 0;
};

} // namespace keyfob::server::signin
