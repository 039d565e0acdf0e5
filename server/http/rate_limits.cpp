#include "server/http/rate_limits.h"

#include "platform/address_group.h"
#include "platform/log.h"

namespace keyfob::server::http {
namespace {

using std::chrono::nanoseconds;

platform::Rate widened(const platform::Rate& rate) {
    return {rate.count * k_wide_factor, rate.period};
}

} // namespace

/// One limit, for single addresses and for many in one hand.
class RateLimits::Counter {
public:
    Counter(const platform::Rate& rate, const platform::Clock& clock, platform::Random& random)
        : m_one(rate, clock, random), m_wide(widened(rate), clock, random) {}

    /// Zero: it was counted.
    [[nodiscard]] nanoseconds take(const std::string& client_address) {
        if (client_address == platform::k_unknown_address)
            return m_wide.take(client_address);
        const std::string group = platform::address_group(client_address);
        const std::string wide = platform::wide_address_group(client_address);
        const nanoseconds wait = m_one.take(group);
        return wait.count() > 0 || wide == group ? wait : m_wide.take(wide);
    }

private:
    platform::RateLimiter m_one;
    platform::RateLimiter m_wide;
};

RateLimits::RateLimits(const RequestLimits& limits, const platform::Clock& clock, platform::Random& random)
    : m_agent(std::make_unique<Counter>(limits.agent, clock, random)),
      m_browser(std::make_unique<Counter>(limits.browser, clock, random)),
      m_renewal(std::make_unique<Counter>(limits.renewal, clock, random)),
      m_crowded(std::make_unique<Counter>(limits.crowded, clock, random)) {}

RateLimits::~RateLimits() = default;

std::optional<std::chrono::seconds> RateLimits::refuse(Limit limit, const std::string& client_address,
                                                       bool is_crowded) {
    if (limit != Limit::none && client_address == platform::k_unknown_address && !m_warned.test_and_set())
        platform::log::warning("client_address_unknown",
                               {{"reason", "a trusted proxy sets no X-Forwarded-For, so everybody shares one limit"}});
    nanoseconds wait{0};
    switch (limit) {
    case Limit::none:
        break;
    case Limit::agent:
        wait = m_agent->take(client_address);
        if (wait.count() == 0 && is_crowded)
            wait = m_crowded->take(client_address);
        break;
    case Limit::browser:
        wait = m_browser->take(client_address);
        break;
    case Limit::renewal:
        wait = m_renewal->take(client_address);
        break;
    }
    return wait.count() == 0 ? std::nullopt : std::optional(std::chrono::ceil<std::chrono::seconds>(wait));
}

} // namespace keyfob::server::http
