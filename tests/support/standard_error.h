#pragma once

#include "platform/unique_fd.h"

#include <stdexcept>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace keyfob::tests {

/// Takes what this process writes to standard error while it lives, the log above all.
class StandardError {
public:
    StandardError() : m_before(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) {
        int ends[2];
        if (!m_before || ::pipe2(ends, O_CLOEXEC) != 0 || ::dup2(ends[1], STDERR_FILENO) < 0)
            throw std::runtime_error("cannot take standard error");
        m_reading.reset(ends[0]);
        ::close(ends[1]);
    }
    StandardError(const StandardError&) = delete;
    StandardError& operator=(const StandardError&) = delete;
    ~StandardError() { ::dup2(m_before.get(), STDERR_FILENO); }

    /// Everything that was written up to now, when `text` is in it.
    const std::string& wait_for(const std::string& text) {
        while (m_text.find(text) == std::string::npos)
            read();
        return m_text;
    }
    /// Everything that was written up to now.
    const std::string& text() {
        for (pollfd state{m_reading.get(), POLLIN, 0}; ::poll(&state, 1, 0) == 1;)
            read();
        return m_text;
    }

private:
    void read() {
        char piece[4096];
        const ssize_t count = ::read(m_reading.get(), piece, sizeof piece);
        if (count <= 0)
            throw std::runtime_error("standard error has ended");
        m_text.append(piece, static_cast<std::size_t>(count));
    }

    platform::UniqueFd m_before;
    platform::UniqueFd m_reading;
    std::string m_text;
};

} // namespace keyfob::tests
