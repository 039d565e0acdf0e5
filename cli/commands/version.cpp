#include "cli/commands/commands.h"

namespace keyfob::cli::commands {

int version(const Context& context) {
    context.console.print(KEYFOB_CLI_NAME " " KEYFOB_VERSION);
    return 0;
}

} // namespace keyfob::cli::commands
