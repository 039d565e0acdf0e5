#include "cli/command_table.h"
#include "cli/program.h"
#include "platform/process.h"

#include <csignal>
#include <exception>

#include <unistd.h>

int main(int argc, char** argv) {
    using namespace keyfob;
    platform::occupy_standard_descriptors();
    ::signal(SIGPIPE, SIG_IGN); // writing to a reader who has gone is an answer, not an end
    cli::Console console(STDOUT_FILENO, STDERR_FILENO, platform::process_environment);
    try {
        return cli::run_program({argv + (argc > 0 ? 1 : 0), argv + argc}, cli::command_table(), console,
                                platform::process_environment);
    } catch (const std::exception& exception) {
        return cli::fail(console, {platform::ErrorKind::failed, std::string("internal error: ") + exception.what()});
    }
}
