#include "cli/commands/commands.h"

#include <algorithm>
#include <string>

namespace keyfob::cli::commands {
namespace {

constexpr std::size_t k_command_column = 10;
constexpr std::size_t k_option_column = 28;

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size() + 2), ' ');
    return text;
}

/// `-H 'Name: value'`, `--port N`
std::string form_of(const Option& option) {
    std::string form;
    if (option.letter != 0)
        form = std::string("-") + option.letter;
    if (!option.name.empty())
        form += (form.empty() ? "--" : ", --") + std::string(option.name);
    return option.value.empty() ? form : form + " " + std::string(option.value);
}

void print_lines(Console& console, std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        console.print(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

} // namespace

void print_overview(Console& console, std::span<const Command> commands) {
    console.print("usage: " KEYFOB_CLI_NAME " COMMAND …");
    console.print("");
    for (const Command& command : commands)
        console.print("  " + padded(std::string(command.name), k_command_column) + std::string(command.summary));
    console.print("");
    console.print("`" KEYFOB_CLI_NAME " help COMMAND` tells more about one.");
    console.print("");
    print_lines(
        console,
        "Exit codes: 0 done, 1 failed, 2 cancelled or declined, 3 wrong usage, 4 sign-in needed, 5 keychain locked,\n"
        "6 refused by the server's rules, 7 agent unreachable, 8 keychain unreachable, 9 timed out, 10 keychain "
        "refused.");
}

void print_command(Console& console, const Command& command) {
    console.print(std::string("usage: " KEYFOB_CLI_NAME " ") + std::string(command.name) +
                  (command.usage.empty() ? "" : " ") + std::string(command.usage));
    console.print("");
    console.print(command.summary);
    if (!command.options.empty())
        console.print("");
    for (const Option& option : command.options)
        console.print("  " + padded(form_of(option), k_option_column) + std::string(option.help));
    if (!command.details.empty())
        console.print("");
    print_lines(console, command.details);
}

int help(const Context& context) {
    const auto& words = context.arguments.positional();
    if (words.empty()) {
        print_overview(context.console, context.commands);
        return 0;
    }
    const auto found = std::find_if(context.commands.begin(), context.commands.end(),
                                    [&](const Command& command) { return command.name == words[0]; });
    if (found == context.commands.end())
        return fail(context.console, usage_error("there is no command " + words[0], KEYFOB_CLI_NAME " help"));
    print_command(context.console, *found);
    return 0;
}

} // namespace keyfob::cli::commands
