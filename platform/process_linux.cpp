#include "platform/process.h"

#include "platform/system_error.h"

#include <algorithm>
#include <csignal>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace keyfob::platform {
namespace {

constexpr int k_report = 3; ///< the child's end of the pipe; it closes when exec succeeds, and tells so
constexpr int k_not_started = 127;

/// What a child has to say before its exec.
enum class Step : int { program, fork, input, output, directory, exec };
struct Report {
    Step step;
    int value; ///< the program's process, or errno
};

struct Plan {
    char* const* arguments;
    const char* output;
    const char* directory;
    bool new_session;
    bool detached;
    int report;
};

// Between fork and exec only async-signal-safe calls: other threads may have held any lock.

void tell(Step step, int value) {
    const Report report{step, value};
    [[maybe_unused]] const ssize_t written = ::write(k_report, &report, sizeof report);
}

[[noreturn]] void give_up(Step step) {
    tell(step, errno);
    ::_exit(k_not_started);
}

void leave_parent() {
    const pid_t program = ::fork();
    if (program < 0)
        give_up(Step::fork);
    if (program > 0) {
        tell(Step::program, program);
        ::_exit(0); // the grandchild belongs to init
    }
}

/// What cannot be opened must not leave our own in its place: whoever reads our output would wait for the program's end.
void redirect(const char* output) {
    const int input = ::open("/dev/null", O_RDONLY);
    if (input < 0)
        give_up(Step::input);
    const int file = ::open(output, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NOCTTY, 0600);
    if (file < 0)
        give_up(Step::output);
    ::dup2(input, STDIN_FILENO);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
}

void reset_signals() {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int signal = 1; signal < NSIG; ++signal)
        ::signal(signal, SIG_DFL);
}

[[noreturn]] void run_child(const Plan& plan) {
    ::dup2(plan.report, k_report);
    ::fcntl(k_report, F_SETFD, FD_CLOEXEC);
    if (plan.new_session)
        ::setsid();
    if (plan.detached)
        leave_parent();
    redirect(plan.output);
    if (*plan.directory != '\0' && ::chdir(plan.directory) != 0)
        give_up(Step::directory);
    ::close_range(k_report + 1, ~0U, 0);
    reset_signals();
    ::execvp(plan.arguments[0], plan.arguments);
    give_up(Step::exec);
}

Error to_error(const Report& report, const std::string& program, const SpawnOptions& options) {
    errno = report.value;
    switch (report.step) {
    case Step::input:
        return system_error("open /dev/null");
    case Step::output:
        return system_error("write to " + options.output);
    case Step::directory:
        return system_error("enter " + options.directory);
    default:
        return system_error("start " + program, report.value == ENOENT ? ErrorKind::not_found : ErrorKind::failed);
    }
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

std::vector<char*> pointers_to(const std::vector<std::string>& arguments) {
    std::vector<char*> pointers;
    std::transform(arguments.begin(), arguments.end(), std::back_inserter(pointers),
                   [](const std::string& argument) { return const_cast<char*>(argument.c_str()); });
    pointers.push_back(nullptr);
    return pointers;
}

/// The program's process, from what was said until every writer has gone: the program runs then.
Result<pid_t> read_reports(int reading, pid_t child, const std::string& program, const SpawnOptions& options) {
    pid_t process = child;
    std::optional<Error> error;
    Report report{};
    ssize_t count = 0;
    while ((count = ::read(reading, &report, sizeof report)) == sizeof report || (count < 0 && errno == EINTR)) {
        if (count < 0)
            continue;
        if (report.step == Step::program)
            process = report.value;
        else
            error = to_error(report, program, options);
    }
    return error ? Result<pid_t>(*error) : process;
}

Result<pid_t> spawn(const std::vector<std::string>& arguments, const SpawnOptions& options, bool detached) {
    const std::vector<char*> pointers = pointers_to(arguments);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return system_error("make a pipe");
    const UniqueFd reading(ends[0]);
    UniqueFd writing(ends[1]);
    const pid_t child = ::fork();
    if (child < 0)
        return system_error("start " + arguments[0]);
    if (child == 0)
        run_child({pointers.data(), options.output.c_str(), options.directory.c_str(), options.new_session, detached,
                   writing.get()});
    writing.reset();
    auto process = read_reports(reading.get(), child, arguments[0], options);
    if (detached || !process)
        wait_for(child);
    return process;
}

/// Readable when the process has ended; without a descriptor where the system has no such thing.
UniqueFd watch_process(pid_t process) {
    UniqueFd fd(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    if (!fd && errno == ESRCH) // so soon: an end of file is as readable
        fd.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    return fd;
}

} // namespace

void harden_process() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void occupy_standard_descriptors() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (::fcntl(fd, F_GETFD) < 0)
            (void)::open("/dev/null", O_RDONLY);
}

void use_all_descriptors() {
    rlimit descriptors{};
    if (::getrlimit(RLIMIT_NOFILE, &descriptors) != 0)
        return;
    descriptors.rlim_cur = descriptors.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &descriptors);
}

Result<UniqueFd> spawn_detached(const std::vector<std::string>& arguments, const SpawnOptions& options) {
    KEYFOB_TRY_ASSIGN(const pid_t process, spawn(arguments, options, true));
    return watch_process(process);
}

Result<ChildProcess> spawn_child(const std::vector<std::string>& arguments, const SpawnOptions& options) {
    KEYFOB_TRY_ASSIGN(const pid_t process, spawn(arguments, options, false));
    return ChildProcess(process, watch_process(process));
}

std::optional<int> ChildProcess::exit_code() {
    int status = 0;
    if (!m_exit_code && ::waitpid(m_process, &status, WNOHANG) == m_process)
        m_exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return m_exit_code;
}

} // namespace keyfob::platform
