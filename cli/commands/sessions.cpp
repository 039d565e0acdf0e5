#include "agent/api/client.h"
#include "agent/api/messages.h"
#include "cli/account_text.h"
#include "cli/commands/commands.h"
#include "cli/launcher.h"
#include "platform/clock.h"
#include "platform/json_value.h"

#include <algorithm>
#include <array>
#include <vector>

namespace keyfob::cli::commands {
namespace {

using agent::api::Client;
using platform::Result;
using platform::json::Value;

constexpr std::array<const char*, 9> k_head{"",      "ID",  "DEVICE",  "OS",          "ADDRESS",
                                            "CLASS", "KEY", "CREATED", "LAST RENEWED"};
using Row = std::array<std::string, k_head.size()>;

Row row_of(const Value& session) {
    const auto text = [&](const char* name) { return platform::json::get_string(session, name).value_or(""); };
    const auto time = [&](const char* name) {
        return describe_time(platform::json::get_integer(session, name).value_or(0));
    };
    const bool current = platform::json::get_bool(session, "current").value_or(false);
    const std::string key = text("key") == "none" ? "unbound" : text("key");
    return {current ? "*" : "", text("id"), text("device_name"), text("device_os"), text("address"),
            text("class"),      key,        time("created_at"),  time("renewed_at")};
}

void print_table(Console& console, const std::vector<Row>& rows) {
    std::array<std::size_t, k_head.size()> widths{};
    for (const Row& row : rows)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], row[i].size());
    for (const Row& row : rows) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i)
            line += row[i] + (i + 1 < row.size() ? std::string(widths[i] - row[i].size() + 2, ' ') : "");
        console.print(line);
    }
}

Value parameters_of(const Context& context) {
    Value parameters = Value::object();
    if (const std::string account = option_or_variable(context, "account", "KEYFOB_ACCOUNT"); !account.empty())
        parameters["account"] = account;
    return parameters;
}

Result<void> list(const Context& context, Client& agent) {
    KEYFOB_TRY_ASSIGN(const Value answer, agent.call(agent::api::k_sessions_list, parameters_of(context)));
    if (context.arguments.has("json")) {
        context.console.print_json(answer);
        return {};
    }
    std::vector<Row> rows(1);
    std::copy(k_head.begin(), k_head.end(), rows[0].begin());
    for (const Value* session : platform::json::get_objects(answer, "sessions"))
        rows.push_back(row_of(*session));
    print_table(context.console, rows);
    context.console.say("* is this one");
    return {};
}

Result<void> revoke(const Context& context, Client& agent, const std::string& id) {
    Value parameters = parameters_of(context);
    if (id.empty())
        parameters["all_others"] = true;
    else
        parameters["id"] = id;
    KEYFOB_TRY_ASSIGN(const Value answer, agent.call(agent::api::k_sessions_revoke, parameters));
    const auto count = platform::json::get_integer(answer, "revoked").value_or(0);
    if (context.arguments.has("json")) {
        context.console.print_json(answer);
        return {};
    }
    context.console.say(count == 1 ? "1 session has ended" : std::to_string(count) + " sessions have ended");
    if (platform::json::get_bool(answer, "current").value_or(false))
        context.console.say("it was this one: you are signed out here");
    return {};
}

Result<void> run(const Context& context) {
    const auto& words = context.arguments.positional();
    const bool all_others = context.arguments.has("all-others");
    if (words.empty() ? all_others : words[0] != "revoke" || (words.size() == 2) == all_others)
        return usage_error("which sessions?", "write: sessions, sessions revoke ID, or sessions revoke --all-others");
    KEYFOB_TRY_ASSIGN(Client agent, connect_agent(context.environment));
    if (words.empty())
        return list(context, agent);
    return revoke(context, agent, all_others ? "" : words[1]);
}

} // namespace

int sessions(const Context& context) {
    const auto done = run(context);
    return done ? 0 : fail(context.console, done.error());
}

} // namespace keyfob::cli::commands
