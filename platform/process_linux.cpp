#include "platform/process.h"

#include "platform/system_error.h"
#include "platform/unique_fd.h"

#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace keyfob::platform {
namespace {

/// Between fork and exec only async-signal-safe calls: other threads may have held any lock.
[[noreturn]] void run_child(char* const* arguments, const char* output, bool new_session, int report) {
    if (new_session)
        ::setsid();
    if (::fork() != 0)
        ::_exit(0); // the grandchild belongs to init
    const int input = ::open("/dev/null", O_RDONLY);
    const int file = ::open(output, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600);
    ::dup2(input, STDIN_FILENO);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    ::dup2(report, 3);
    ::fcntl(3, F_SETFD, FD_CLOEXEC); // closes when exec succeeds, and tells so
    ::close_range(4, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int signal = 1; signal < NSIG; ++signal)
        ::signal(signal, SIG_DFL);
    ::execvp(arguments[0], arguments);
    const int reason = errno;
    [[maybe_unused]] const ssize_t written = ::write(3, &reason, sizeof reason);
    ::_exit(127);
}

} // namespace

void harden_process() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

Result<void> spawn_detached(const std::vector<std::string>& arguments, const SpawnOptions& options) {
    std::vector<char*> pointers;
    std::transform(arguments.begin(), arguments.end(), std::back_inserter(pointers),
                   [](const std::string& argument) { return const_cast<char*>(argument.c_str()); });
    pointers.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return system_error("make a pipe");
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    const pid_t child = ::fork();
    if (child < 0)
        return system_error("start " + arguments[0]);
    if (child == 0)
        run_child(pointers.data(), options.output.c_str(), options.new_session, writing.get());
    writing.reset();
    while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
    }
    int reason = 0;
    if (::read(reading.get(), &reason, sizeof reason) == sizeof reason) {
        errno = reason;
        return system_error("start " + arguments[0], reason == ENOENT ? ErrorKind::not_found : ErrorKind::failed);
    }
    return {};
}

} // namespace keyfob::platform
