#pragma once

#include "platform/clock.h"
#include "platform/random.h"
#include "platform/rate_limiter.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace keyfob::server::http {

/// What a request is counted as before anything of it is looked at (OP-03, OP-04).
enum class Limit {
    none,    ///< changes nothing and costs one indexed read at most
    agent,   ///< a signature to verify and a proof to remember
    browser, ///< a step of a sign-in
    renewal, ///< of a session cookie
};

/// How much one address may do: an IPv4 address, or an IPv6 /64 (platform/address_group). An office behind one address has hundreds of people
/// who come at nine o'clock: a sign-in takes three or four calls of the agent and up to eight pages, a device renews every eight minutes.
struct RequestLimits {
    platform::Rate agent{4'000, std::chrono::minutes{10}};
    platform::Rate browser{10'000, std::chrono::minutes{10}};
    platform::Rate renewal{10'000, std::chrono::minutes{10}};
    /// Agent calls while the database is crowded (signin::Store::is_crowded): enough for a few sign-ins of whoever comes newly.
    platform::Rate crowded{10, std::chrono::minutes{10}};
};

/// Several addresses in one hand: the /64s of one IPv6 /48, and everybody whom a trusted proxy does not name ("unknown"), have this many times
/// the limit of one address between them.
constexpr std::int64_t k_wide_factor = 10;

/// Counts requests by address. Memory: 8 MiB, whatever comes (platform::RateLimiter). Thread-safe.
class RateLimits {
public:
    RateLimits(const RequestLimits& limits, const platform::Clock& clock, platform::Random& random);
    ~RateLimits();
    RateLimits(const RateLimits&) = delete;
    RateLimits& operator=(const RateLimits&) = delete;

    /// nullopt: it may go on, and was counted. Otherwise when to come again, in seconds, at least one. `client_address` as
    /// TrustedProxies::client_address() tells it.
    [[nodiscard]] std::optional<std::chrono::seconds> refuse(Limit limit, const std::string& client_address,
                                                             bool is_crowded);

private:
    class Counter;
    std::unique_ptr<Counter> m_agent, m_browser, m_renewal, m_crowded;
    std::atomic_flag m_warned; ///< once: that addresses are not known is a fault of the set-up, and lasts
};

} // namespace keyfob::server::http
