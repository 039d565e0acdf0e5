#pragma once

#include "platform/unique_fd.h"

#include <stdexcept>
#include <string>

#include <sys/mman.h>

namespace keyfob::tests {

/// A descriptor to print to, and what was printed.
class Capture {
public:
    Capture() : m_fd(::memfd_create("capture", MFD_CLOEXEC)) {
        if (!m_fd)
            throw std::runtime_error("cannot make a memory file");
    }
    [[nodiscard]] int fd() const { return m_fd.get(); }
    [[nodiscard]] std::string text() const {
        std::string all;
        char piece[4096];
        for (ssize_t count = 0; (count = ::pread(m_fd.get(), piece, sizeof piece, static_cast<off_t>(all.size()))) > 0;)
            all.append(piece, static_cast<std::size_t>(count));
        return all;
    }

private:
    platform::UniqueFd m_fd;
};

} // namespace keyfob::tests
