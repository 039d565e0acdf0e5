#pragma once

#include "platform/result.h"
#include "platform/unique_fd.h"

#include <chrono>
#include <vector>

namespace keyfob::platform::http {

/// Waits for many descriptors to become readable, and can be woken by other threads. Stands in for Poco's PollSet, which cannot be woken
/// before Poco 1.12. `wake` may be called from any thread, the rest from one.
class Poller {
public:
    [[nodiscard]] static Result<Poller> create(); ///< Errors: failed (no descriptors left)

    void add(int descriptor);
    void remove(int descriptor);
    void wake() const;
    /// The descriptors that are readable; empty after `timeout` or wake(). A negative timeout waits without end.
    [[nodiscard]] std::vector<int> wait(std::chrono::milliseconds timeout);

private:
    Poller(UniqueFd epoll, UniqueFd event) : m_epoll(std::move(epoll)), m_event(std::move(event)) {}
    UniqueFd m_epoll;
    UniqueFd m_event;
};

} // namespace keyfob::platform::http
