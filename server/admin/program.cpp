#include "server/admin/program.h"

#include "server/admin/command.h"

#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <set>

namespace keyfob::server::admin {
namespace {

using platform::Arguments;
using platform::Option;
using platform::Result;

constexpr int k_exit_failed = 1;
constexpr int k_exit_usage = 3;
constexpr int k_exit_refused = 6; ///< as that of `cli login`, when no rule fits

constexpr Option k_config{.name = "config", .value = "FILE", .help = "the server's configuration"};
constexpr Option k_json{.name = "json", .help = "one JSON object a line"};
constexpr Option k_user{.name = "user", .value = "USER", .help = "a number, provider:subject, or an e-mail address"};
constexpr Option k_since{.name = "since", .value = "8h", .help = "no older than that"};
constexpr Option k_event{.name = "event", .value = "EVENT", .help = "of one kind"};
constexpr Option k_provider{.name = "provider", .value = "ID", .help = "a provider of the configuration"};
constexpr Option k_claims{.name = "claims",
                          .value = "FILE",
                          .help = "what the provider says of somebody, as JSON; - reads it from the input"};
constexpr Option k_limit{.name = "limit", .value = "N", .help = "so many of the newest, 50 unless told"};

constexpr std::array k_plain{k_config};
constexpr std::array k_listing{k_config, k_json};
constexpr std::array k_of_user{k_config, k_json, k_user};
constexpr std::array k_revoke{k_config, k_user};
constexpr std::array k_show{k_config, k_json, k_user, k_since, k_event, k_limit};
constexpr std::array k_explain{k_config, k_json, k_provider, k_claims};
constexpr std::array k_doctor{k_config, k_json, k_provider};
constexpr std::array k_export{k_config, k_json, k_user, k_since, k_event};

// clang-format off
constexpr std::array k_table{
    //      group       verb       operand   does                                             options    by
    Command{"users",    "list",    "",       "everybody who has signed in",                    k_listing, users_list},
    Command{"users",    "show",    "USER",   "one of them",                                    k_listing, users_show},
    Command{"users",    "disable", "USER",   "end all sessions and let no new one begin",      k_plain,   users_disable},
    Command{"users",    "enable",  "USER",   "let the user sign in again",                     k_plain,   users_enable},
    Command{"sessions", "list",    "",       "live sessions, of all or of --user",             k_of_user, sessions_list},
    Command{"sessions", "revoke",  "[ID]",   "end one, or all of --user",                      k_revoke,  sessions_revoke},
    Command{"audit",    "show",    "",       "the newest records, of --user, --event, --since", k_show,   audit_show},
    Command{"audit",    "export",  "",       "all records as JSON lines",                      k_export,  audit_export},
    Command{"explain",  "",        "",       "who would be let in, and by which rule",         k_explain, explain},
    Command{"doctor",   "",        "",       "asks each provider, and says what is wrong",     k_doctor,  doctor},
};
// clang-format on

int report(const platform::Error& error) {
    std::cerr << "error: " << error.message << "\n";
    if (!error.hint.empty())
        std::cerr << "hint: " << error.hint << "\n";
    return error.code == "usage" ? k_exit_usage : error.code == k_refused ? k_exit_refused : k_exit_failed;
}

Result<const Command*> find_command(const std::vector<std::string>& words) {
    const auto all = command_table();
    const auto found = std::find_if(all.begin(), all.end(), [&](const Command& command) {
        return command.group == words[0] && (command.verb.empty() || (words.size() > 1 && command.verb == words[1]));
    });
    if (found == all.end())
        return platform::usage_error("there is no such command", "keyfob-server --help shows all of them");
    return &*found;
}

Result<std::string> read_operand(const Command& command, const Arguments& arguments) {
    const auto& positional = arguments.positional();
    const bool optional = command.operand.starts_with('[');
    if (positional.size() > (command.operand.empty() ? 0U : 1U))
        return platform::usage_error("there is a word too many: " + positional.back());
    if (positional.empty() && !command.operand.empty() && !optional)
        return platform::usage_error("which? " + std::string(command.operand) + " is missing");
    return positional.empty() ? std::string() : positional[0];
}

Result<void> run_command(const std::vector<std::string>& words) {
    KEYFOB_TRY_ASSIGN(const Command* command, find_command(words));
    KEYFOB_TRY_ASSIGN(
        const Arguments arguments,
        Arguments::parse(command->options, {words.begin() + (command->verb.empty() ? 1 : 2), words.end()}));
    KEYFOB_TRY_ASSIGN(const std::string operand, read_operand(*command, arguments));
    if (!arguments.has("config"))
        return platform::usage_error("which server? --config FILE is missing");
    KEYFOB_TRY_ASSIGN(const Config config, load_config(*arguments.value("config")));
    std::unique_ptr<storage::Administration> administration;
    if (!command->verb.empty()) {
        KEYFOB_TRY_ASSIGN(administration, storage::Administration::open(config.database_file));
    }
    const bool json = arguments.has("json") || command->verb == "export";
    return command->run({config, administration.get(), arguments, operand, Output(json), platform::SystemClock()});
}

} // namespace

std::span<const Command> command_table() {
    return k_table;
}

bool is_command(const std::string& word) {
    const auto all = command_table();
    return std::any_of(all.begin(), all.end(), [&](const Command& command) { return command.group == word; });
}

int run(const std::vector<std::string>& words) {
    const auto done = run_command(words);
    return done ? 0 : report(done.error());
}

std::string usage_lines() {
    std::string text;
    for (const Command& command : command_table()) {
        std::string line = "       keyfob-server " + std::string(command.group);
        line += command.verb.empty() ? "" : " " + std::string(command.verb);
        line += command.operand.empty() ? "" : " " + std::string(command.operand);
        text += line + std::string(line.size() < 42 ? 42 - line.size() : 2, ' ') + std::string(command.summary) + "\n";
    }
    return text;
}

} // namespace keyfob::server::admin
