#pragma once

#include "cli/command.h"

#include <span>

namespace keyfob::cli::commands {

// One function a command; the table in cli/command_table.cpp says what each is for. They print and return the exit code.
[[nodiscard]] int login(const Context& context);
[[nodiscard]] int do_request(const Context& context);
[[nodiscard]] int sessions(const Context& context);
[[nodiscard]] int headers(const Context& context);
[[nodiscard]] int status(const Context& context);
[[nodiscard]] int logout(const Context& context);
[[nodiscard]] int version(const Context& context);
[[nodiscard]] int help(const Context& context);

/// What stands in `help`, and below a missing command: to stdout.
void print_overview(Console& console, std::span<const Command> commands);
void print_command(Console& console, const Command& command);

} // namespace keyfob::cli::commands
