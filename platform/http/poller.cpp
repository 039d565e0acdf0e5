#include "platform/http/poller.h"

#include "platform/system_error.h"

#include <array>
#include <cstdint>

#include <sys/epoll.h>
#include <sys/eventfd.h>

namespace keyfob::platform::http {

Result<Poller> Poller::create() {
    UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
    UniqueFd event(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!epoll || !event)
        return system_error("make a poller");
    Poller poller(std::move(epoll), std::move(event));
    poller.add(poller.m_event.get());
    return poller;
}

void Poller::add(int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLRDHUP;
    event.data.fd = descriptor;
    ::epoll_ctl(m_epoll.get(), EPOLL_CTL_ADD, descriptor, &event);
}

void Poller::remove(int descriptor) {
    ::epoll_ctl(m_epoll.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

void Poller::wake() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(m_event.get(), &one, sizeof one); // full means it is awake anyway
}

std::vector<int> Poller::wait(std::chrono::milliseconds timeout) {
    std::array<epoll_event, 256> events{};
    const int count =
        ::epoll_wait(m_epoll.get(), events.data(), static_cast<int>(events.size()), static_cast<int>(timeout.count()));
    std::vector<int> ready;
    for (int i = 0; i < count; ++i) {
        const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
        if (descriptor != m_event.get()) {
            ready.push_back(descriptor);
            continue;
        }
        std::uint64_t calls = 0;
        [[maybe_unused]] const ssize_t got = ::read(m_event.get(), &calls, sizeof calls);
    }
    return ready;
}

} // namespace keyfob::platform::http
