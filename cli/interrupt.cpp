#include "cli/interrupt.h"

#include <atomic>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace keyfob::cli {
namespace {

std::atomic<int> writing_end{-1}; // the only way a signal handler can know it
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void tell(int /*signal*/) {
    const int before = errno;
    [[maybe_unused]] const ssize_t count = ::write(writing_end.load(), "", 1); // a full pipe is readable already
    errno = before;
}

} // namespace

Interrupt::Interrupt() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
        return; // then a signal ends the process as ever
    m_reading.reset(ends[0]);
    m_writing.reset(ends[1]);
    writing_end = ends[1];
    struct sigaction action {};
    action.sa_handler = tell;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < k_signals.size(); ++i)
        ::sigaction(k_signals[i], &action, &m_before[i]);
}

Interrupt::~Interrupt() {
    for (std::size_t i = 0; m_reading && i < k_signals.size(); ++i)
        ::sigaction(k_signals[i], &m_before[i], nullptr);
    writing_end = -1;
}

void Interrupt::forget() {
    std::array<char, 64> octets; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by read
    while (::read(m_reading.get(), octets.data(), octets.size()) > 0) {
    }
}

} // namespace keyfob::cli
