#pragma once

#include "cli/console.h"
#include "platform/arguments.h"
#include "platform/paths.h"

#include <span>
#include <string>
#include <string_view>

namespace keyfob::cli {

using platform::Arguments;
using platform::Option;
using platform::usage_error;

struct Command;

/// What a command gets. Refers to things that outlive its run.
struct Context {
    Console& console;
    const platform::Environment& environment;
    const Arguments& arguments;
    std::span<const Command> commands; ///< the whole table, for `help`
};

/// One row of the command table: what finds, checks and runs a command, and what `help` shows of it.
struct Command {
    std::string_view name;
    std::string_view summary; ///< one line
    std::string_view usage;   ///< what stands behind the name
    std::string_view details; ///< paragraphs for `help NAME`; may be empty
    std::span<const Option> options;
    std::size_t most_positional = 0;
    int (*run)(const Context& context) = nullptr; ///< returns the exit code
};

/// Prints the error and returns its exit code.
[[nodiscard]] int fail(Console& console, const platform::Error& error);
/// $NAME unless empty, behind what the option says: --account and $KEYFOB_ACCOUNT, for example.
[[nodiscard]] std::string option_or_variable(const Context& context, std::string_view option, const char* variable);

} // namespace keyfob::cli
