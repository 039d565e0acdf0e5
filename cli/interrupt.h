#pragma once

#include "platform/unique_fd.h"

#include <array>

#include <csignal>

namespace keyfob::cli {

/// While it lives, SIGINT and SIGTERM do not end the process but make a descriptor readable (a self-pipe). One at a time in a process.
class Interrupt {
public:
    Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;
    ~Interrupt(); ///< the signals do what they did before

    [[nodiscard]] int descriptor() const { return m_reading.get(); }
    /// Forgets the signals so far, so that the next one can be waited for.
    void forget();

private:
    static constexpr std::array k_signals{SIGINT, SIGTERM};
    std::array<struct sigaction, k_signals.size()> m_before{};
    platform::UniqueFd m_reading;
    platform::UniqueFd m_writing;
};

} // namespace keyfob::cli
