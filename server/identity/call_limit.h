#pragma once

#include "platform/result.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace keyfob::server::identity {

/// How many threads may be busy with one provider. All providers share the upstream pool, so without a bound one that hangs would take all
/// of its threads, and nobody could sign in through the others. Thread-safe.
class CallLimit {
public:
    static constexpr std::size_t k_most = 24; ///< three quarters of the upstream pool (platform/http/limits.h)
    static constexpr std::chrono::milliseconds k_patience{1'000}; ///< enough for a burst at a provider that is well

    explicit CallLimit(std::size_t most = k_most, std::chrono::milliseconds patience = k_patience)
        : m_free(most), m_patience(patience) {}

    struct Leave {
        void operator()(CallLimit* limit) const { limit->leave(); }
    };
    using Permit = std::unique_ptr<CallLimit, Leave>; ///< a place, as long as it lives

    /// Errors: unreachable (no place became free in time).
    [[nodiscard]] platform::Result<Permit> enter();

private:
    void leave();

    std::mutex m_mutex;
    std::condition_variable m_left;
    std::size_t m_free;
    const std::chrono::milliseconds m_patience;
};

} // namespace keyfob::server::identity
