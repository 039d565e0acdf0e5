#include "agent/api/client.h"
#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "cli/account_text.h"
#include "cli/commands/commands.h"
#include "cli/launcher.h"
#include "platform/json_value.h"

#include <algorithm>

namespace keyfob::cli::commands {
namespace {

using platform::Result;
using platform::json::Value;

std::string account_name(const Context& context) {
    return option_or_variable(context, "account", "KEYFOB_ACCOUNT");
}

/// Nothing to end is what somebody who signs out wants, unless a name was given that fits nobody.
bool nobody_there(const Context& context, const platform::Error& error) {
    return error.code == agent::api::k_sign_in_needed && account_name(context).empty();
}

Result<Value> end_sessions(const Context& context) {
    const bool all = context.arguments.has("all");
    if (all && context.arguments.has("account"))
        return usage_error("--all and --account do not go together");
    Value parameters = Value::object();
    if (all)
        parameters["all"] = true;
    else if (const std::string account = account_name(context); !account.empty())
        parameters["account"] = account;
    KEYFOB_TRY_ASSIGN(auto agent, connect_agent(context.environment));
    return agent.call(agent::api::k_logout, parameters);
}

/// The keychain did not give it up.
platform::Error not_forgotten(const std::string& account, bool revoked, const Value& error) {
    const auto text = [&](const char* name) { return platform::json::get_string(error, name).value_or(""); };
    const std::string state = revoked ? " is signed out, but still in the keychain: " : " is still signed in: ";
    const std::string again = KEYFOB_CLI_NAME " logout --account " + account;
    return {platform::ErrorKind::failed, account + state + text("message"),
            text("hint").empty() ? again : text("hint") + ", then " + again, text("code")};
}

/// The exit code of what became of one account.
int tell(Console& console, const Value& ended) {
    const auto text = [&](const char* name) { return platform::json::get_string(ended, name).value_or(""); };
    const bool revoked = platform::json::get_bool(ended, "revoked").value_or(false);
    if (const Value* error = platform::json::get_object(ended, "error"); error != nullptr)
        return fail(console, not_forgotten(text("account"), revoked, *error));
    console.say("Signed out: " + text("account"));
    if (!revoked)
        console.warning(text("server") + " could not be told" + (text("detail").empty() ? "" : ": " + text("detail")) +
                        "; the session is forgotten here, and runs out there");
    return 0;
}

} // namespace

int logout(const Context& context) {
    const auto answer = end_sessions(context);
    if (!answer && nobody_there(context, answer.error())) {
        context.console.say("Nobody was signed in.");
        return 0;
    }
    if (!answer)
        return fail(context.console, answer.error());
    const auto ended = platform::json::get_objects(*answer, "ended");
    if (ended.empty())
        context.console.say("Nobody was signed in.");
    int code = 0;
    for (const Value* one : ended)
        code = std::max(code, tell(context.console, *one));
    return code;
}

} // namespace keyfob::cli::commands
