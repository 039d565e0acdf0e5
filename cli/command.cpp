#include "cli/command.h"

#include "agent/api/error_code.h"

namespace keyfob::cli {

int fail(Console& console, const platform::Error& error) {
    console.error(error);
    return agent::api::exit_code(error);
}

std::string option_or_variable(const Context& context, std::string_view option, const char* variable) {
    const auto given = context.arguments.value(option);
    return given ? *given : context.environment(variable);
}

} // namespace keyfob::cli
