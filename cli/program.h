#pragma once

#include "cli/command.h"

#include <span>
#include <string>
#include <vector>

namespace keyfob::cli {

/// Finds the command in the table, checks its arguments, runs it. `words` is the command line without the program's name. The exit code.
[[nodiscard]] int run_program(const std::vector<std::string>& words, std::span<const Command> commands,
                              Console& console, const platform::Environment& environment);

} // namespace keyfob::cli
