#include "cli/program.h"

#include "cli/commands/commands.h"

#include <algorithm>

namespace keyfob::cli {
namespace {

/// True when somebody asks for help anywhere before a `--`, whatever else is wrong with the line.
bool asks_for_help(const std::vector<std::string>& words) {
    const auto end = std::find(words.begin(), words.end(), "--");
    return std::any_of(words.begin(), end, [](const std::string& word) { return word == "--help" || word == "-h"; });
}

int fail_usage(Console& console, const Command& command, platform::Error error) {
    if (error.hint.empty())
        error.hint = "`" KEYFOB_CLI_NAME " help " + std::string(command.name) + "` shows how it is used";
    return fail(console, error);
}

int run_command(const Command& command, const std::vector<std::string>& words, std::span<const Command> commands,
                Console& console, const platform::Environment& environment) {
    const auto arguments = Arguments::parse(command.options, words);
    if (!arguments) {
        if (!asks_for_help(words))
            return fail_usage(console, command, arguments.error());
        commands::print_command(console, command);
        return 0;
    }
    if (arguments->positional().size() > command.most_positional)
        return fail_usage(console, command,
                          usage_error("what is `" + arguments->positional()[command.most_positional] + "` for?"));
    return command.run({console, environment, *arguments, commands});
}

/// The habits of other programs: `--help` and `--version` in the place of a command.
std::string command_name(const std::string& word) {
    if (word == "--help" || word == "-h")
        return "help";
    return word == "--version" ? "version" : word;
}

int dispatch(const std::vector<std::string>& words, std::span<const Command> commands, Console& console,
             const platform::Environment& environment) {
    const std::string hint = "`" KEYFOB_CLI_NAME " help` lists the commands";
    if (words.empty())
        return fail(console, usage_error("what is to be done?", hint));
    const std::string name = command_name(words[0]);
    const auto found =
        std::find_if(commands.begin(), commands.end(), [&](const Command& command) { return command.name == name; });
    if (found == commands.end())
        return fail(console, usage_error("there is no command " + words[0], hint));
    return run_command(*found, {words.begin() + 1, words.end()}, commands, console, environment);
}

} // namespace

int run_program(const std::vector<std::string>& words, std::span<const Command> commands, Console& console,
                const platform::Environment& environment) {
    const int code = dispatch(words, commands, console, environment);
    const auto lost = console.output_error();
    if (code != 0 || !lost)
        return code;
    return fail(console, *lost);
}

} // namespace keyfob::cli
