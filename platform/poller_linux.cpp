#include "platform/poller.h"

#include "platform/system_error.h"

#include <algorithm>

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace keyfob::platform {

static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT);

Result<Poller> Poller::create() {
    UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!epoll || !event)
        return system_error("make a poller");
    Poller poller(std::move(epoll), std::move(event));
    poller.control(EPOLL_CTL_ADD, poller.m_event.get(), EPOLLIN, nullptr);
    return poller;
}

void Poller::control(int operation, int descriptor, std::uint32_t events, void* tag) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = tag;
    ::epoll_ctl(m_epoll.get(), operation, descriptor, &event);
}

void Poller::add(int descriptor, short events, void* tag) {
    control(EPOLL_CTL_ADD, descriptor, static_cast<std::uint16_t>(events), tag);
}

void Poller::add_shared(int descriptor, void* tag) {
    control(EPOLL_CTL_ADD, descriptor, EPOLLIN | EPOLLEXCLUSIVE, tag);
}

void Poller::change(int descriptor, short events, void* tag) {
    control(EPOLL_CTL_MOD, descriptor, static_cast<std::uint16_t>(events), tag);
}

void Poller::remove(int descriptor) {
    control(EPOLL_CTL_DEL, descriptor, 0, nullptr);
}

void Poller::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(m_event.get(), &one, sizeof one); // full means it is awake anyway
}

void Poller::take_wake_ups() const {
    std::uint64_t calls = 0;
    [[maybe_unused]] const ssize_t got = ::read(m_event.get(), &calls, sizeof calls);
}

std::span<void* const> Poller::wait(std::chrono::milliseconds timeout) {
    std::array<epoll_event, k_at_once> events; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by the kernel
    const int count =
        ::epoll_wait(m_epoll.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(timeout.count()));
    std::size_t ready = 0;
    for (std::size_t i = 0; i < static_cast<std::size_t>(std::max(count, 0)); ++i) {
        if (void* tag = events[i].data.ptr; tag != nullptr)
            m_ready[ready++] = tag;
        else
            take_wake_ups();
    }
    return {m_ready.data(), ready};
}

} // namespace keyfob::platform
