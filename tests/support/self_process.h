#pragma once

#include "platform/unique_fd.h"

#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace keyfob::tests {

/// This test program once more, running one hidden test case: a real process, which can be killed. It is told what to do by environment
/// variables, and talks back on descriptor k_report. Killed and waited for at the end.
class SelfProcess {
public:
    static constexpr int k_report = 3;

    SelfProcess(std::string test_case, std::vector<std::string> variables) {
        variables.emplace_back("PATH=/usr/bin:/bin");
        std::vector<std::string> arguments{"/proc/self/exe", std::move(test_case)};
        std::vector<char*> argument_pointers = pointers(arguments);
        std::vector<char*> variable_pointers = pointers(variables);
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0)
            throw std::runtime_error("cannot make a pipe");
        m_reading.reset(ends[0]);
        const platform::UniqueFd writing(ends[1]);
        const platform::UniqueFd silence(::open("/dev/null", O_RDWR | O_CLOEXEC));
        m_pid = ::fork();
        if (m_pid == 0) {
            ::dup2(silence.get(), STDOUT_FILENO);
            if (writing.get() == k_report)
                ::fcntl(k_report, F_SETFD, 0);
            else
                ::dup2(writing.get(), k_report);
            ::execve(arguments[0].c_str(), argument_pointers.data(), variable_pointers.data());
            ::_exit(127);
        }
        if (m_pid < 0)
            throw std::runtime_error("cannot fork");
    }
    SelfProcess(const SelfProcess&) = delete;
    SelfProcess& operator=(const SelfProcess&) = delete;
    ~SelfProcess() {
        kill();
        (void)wait();
    }

    /// The next line that the process reports, without its end; empty when it has ended.
    [[nodiscard]] std::string read_line() {
        std::string line;
        for (char c = 0; ::read(m_reading.get(), &c, 1) == 1;) {
            if (c == '\n')
                return line;
            line += c;
        }
        return {};
    }
    void kill() const {
        if (!m_ended)
            ::kill(m_pid, SIGKILL);
    }
    /// Its exit code, or 128 plus the signal that ended it.
    int wait() {
        if (!m_ended) {
            while (::waitpid(m_pid, &m_status, 0) < 0 && errno == EINTR) {
            }
            m_ended = true;
        }
        return WIFEXITED(m_status) ? WEXITSTATUS(m_status) : 128 + WTERMSIG(m_status);
    }
    [[nodiscard]] pid_t pid() const { return m_pid; }

    /// For the process: says one line to the one who started it.
    static void report(const std::string& line) {
        const std::string text = line + "\n";
        if (::write(k_report, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
            ::_exit(1); // nobody listens
    }

private:
    static std::vector<char*> pointers(std::vector<std::string>& texts) {
        std::vector<char*> all;
        for (std::string& text : texts)
            all.push_back(text.data());
        all.push_back(nullptr);
        return all;
    }

    platform::UniqueFd m_reading;
    pid_t m_pid = -1;
    int m_status = 0;
    bool m_ended = false;
};

} // namespace keyfob::tests
