#pragma once

#include "platform/unique_fd.h"

#include <stdexcept>
#include <string>

#include <pty.h>
#include <unistd.h>

namespace keyfob::tests {

/// A pseudo-terminal: one end for a program to print to, the other to read what a person would see. Holds some kilobytes.
class Terminal {
public:
    Terminal() {
        int ends[2];
        if (::openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) != 0)
            throw std::runtime_error("cannot make a terminal");
        m_person.reset(ends[0]);
        m_program.reset(ends[1]);
    }
    [[nodiscard]] int fd() const { return m_program.get(); }

    /// All that was printed up to now, without the carriage returns. What a program writes arrives later, so this waits for a mark behind it.
    const std::string& text() {
        if (::write(m_program.get(), &k_mark, 1) != 1)
            throw std::runtime_error("the terminal is full");
        while (m_text.empty() || m_text.back() != k_mark)
            read();
        m_text.pop_back();
        return m_text;
    }
    /// Waits until `part` was printed.
    const std::string& wait_for(const std::string& part) {
        while (m_text.find(part) == std::string::npos)
            read();
        return m_text;
    }

private:
    static constexpr char k_mark = '\x1e'; // no program prints it
    void read() {
        char piece[4096];
        const ssize_t count = ::read(m_person.get(), piece, sizeof piece);
        if (count <= 0)
            throw std::runtime_error("the terminal has gone");
        m_text.append(piece, static_cast<std::size_t>(count));
        std::erase(m_text, '\r');
    }

    platform::UniqueFd m_person;
    platform::UniqueFd m_program;
    std::string m_text;
};

} // namespace keyfob::tests
