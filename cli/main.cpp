#include "cli/command_table.h"
#include "cli/program.h"

#include <csignal>
#include <exception>

#include <fcntl.h>
#include <unistd.h>

namespace {

/// A descriptor that is closed when we start would be taken by the next socket, and what is printed would go there. A read-only
/// /dev/null makes printing fail as it should.
void occupy_standard_descriptors() {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd)
        if (::fcntl(fd, F_GETFD) < 0)
            (void)::open("/dev/null", O_RDONLY);
}

} // namespace

int main(int argc, char** argv) {
    using namespace keyfob;
    occupy_standard_descriptors();
    ::signal(SIGPIPE, SIG_IGN); // writing to a reader who has gone is an answer, not an end
    cli::Console console(STDOUT_FILENO, STDERR_FILENO, platform::process_environment);
    try {
        return cli::run_program({argv + (argc > 0 ? 1 : 0), argv + argc}, cli::command_table(), console,
                                platform::process_environment);
    } catch (const std::exception& exception) {
        return cli::fail(console, {platform::ErrorKind::failed, std::string("internal error: ") + exception.what()});
    }
}
