#pragma once

#include "platform/result.h"
#include "platform/unique_fd.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace keyfob::platform {

/// Waits for many descriptors to become ready, and can be woken by other threads. Stands in for Poco's PollSet, which cannot be woken
/// before Poco 1.12, and for GLib's sources, of which each wakes its loop once more when it comes and when it goes. Level-triggered. `wake` may be called from any thread, the rest from one.
class Poller {
public:
    [[nodiscard]] static Result<Poller> create(); ///< Errors: failed (no descriptors left)

    /// `events` are POLLIN and POLLOUT; `tag` comes back from wait() and must not be null. A descriptor that is watched for nothing still tells that
    /// its peer has gone.
    void add(int descriptor, short events, void* tag);
    /// The same for a listening socket that several pollers share: a connection wakes one of them.
    void add_shared(int descriptor, void* tag);
    void change(int descriptor, short events, void* tag);
    void remove(int descriptor);
    void wake() const;
    /// Readable when wait() has something to tell, for who waits for other things too.
    [[nodiscard]] int descriptor() const { return m_epoll.get(); }
    /// The tags of those that are ready; empty after `timeout` or wake(). A negative timeout waits without end. Valid until the next call.
    [[nodiscard]] std::span<void* const> wait(std::chrono::milliseconds timeout);

private:
    static constexpr std::size_t k_at_once = 256;

    Poller(UniqueFd epoll, UniqueFd event) : m_epoll(std::move(epoll)), m_event(std::move(event)) {}
    void control(int operation, int descriptor, std::uint32_t events, void* tag) const;
    void take_wake_ups() const;

    UniqueFd m_epoll;
    UniqueFd m_event;
    std::array<void*, k_at_once> m_ready{};
};

} // namespace keyfob::platform
