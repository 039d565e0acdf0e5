#pragma once

#include "cli/command.h"

#include <span>

namespace keyfob::cli {

/// The one table of commands: dispatcher and documentation. Valid for the whole program.
[[nodiscard]] std::span<const Command> command_table();

} // namespace keyfob::cli
