#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace keyfob::server::signin {

/// How many threads may be busy with one provider. All providers share the upstream pool, so without a bound one that is slow would take
/// all of its threads, and nobody could sign in through the others. Nobody waits for a place, because that would take a thread as well:
/// the browser comes again. Thread-safe.
class CallLimit {
public:
    explicit CallLimit(std::size_t most) : m_free(most) {}

    struct Leave {
        void operator()(CallLimit* limit) const { ++limit->m_free; }
    };
    using Permit = std::unique_ptr<CallLimit, Leave>; ///< a place, as long as it lives

    /// Null when every place is taken.
    [[nodiscard]] Permit enter() {
        std::size_t free = m_free;
        while (free > 0)
            if (m_free.compare_exchange_weak(free, free - 1))
                return Permit(this);
        return nullptr;
    }

private:
    std::atomic<std::size_t> m_free;
};

} // namespace keyfob::server::signin
