#include "agent/api/client.h"
#include "agent/api/messages.h"
#include "cli/account_text.h"
#include "cli/commands/commands.h"
#include "cli/launcher.h"
#include "platform/clock.h"
#include "platform/json_value.h"

namespace keyfob::cli::commands {
namespace {

using platform::json::Value;

std::string text_of(const Value* object, const char* name) {
    return object == nullptr ? "" : platform::json::get_string(*object, name).value_or("");
}

void print_agent(Console& console, const Value* agent) {
    const auto pid = agent == nullptr ? std::nullopt : platform::json::get_integer(*agent, "pid");
    console.print("agent     version " + text_of(agent, "version") +
                  (pid ? ", process " + std::to_string(*pid) : std::string()) + ", " + text_of(agent, "socket"));
}

void print_keychain(Console& console, const Value* keychain) {
    const std::string detail = text_of(keychain, "detail");
    console.print("keychain  " + text_of(keychain, "tier") + ", " + text_of(keychain, "state") +
                  (detail.empty() ? "" : ": " + detail));
}

void print_account(Console& console, const AccountText& account) {
    console.print("account   " + account.name);
    console.print("          server   " + account.server);
    console.print("          user     " + account.user +
                  (account.provider.empty() ? "" : ", through " + account.provider));
    if (account.state == "ended")
        console.print("          session  ended by the server; " KEYFOB_CLI_NAME " login " + account.server);
    else
        console.print("          session  until " +
                      describe_expiry(account.session_expires_at, platform::to_unix(platform::SystemClock().now())));
}

void print_status(Console& console, const Value& status) {
    print_agent(console, platform::json::get_object(status, "agent"));
    const Value* keychain = platform::json::get_object(status, "keychain");
    print_keychain(console, keychain);
    const auto accounts = platform::json::get_objects(status, "accounts");
    if (accounts.empty())
        console.print(
            text_of(keychain, "state") == "ready"
                ? "account   none; " KEYFOB_CLI_NAME " login SERVER signs in"
                : "account   unknown, as long as the keychain cannot be read"); // nobody is signed out by a lock
    for (const Value* account : accounts)
        print_account(console, read_account(*account));
}

} // namespace

int status(const Context& context) {
    auto agent = connect_agent(context.environment);
    if (!agent)
        return fail(context.console, agent.error());
    const auto status = agent->call(agent::api::k_status, Value::object());
    if (!status)
        return fail(context.console, status.error());
    if (context.arguments.has("json"))
        context.console.print_json(*status);
    else
        print_status(context.console, *status);
    return 0;
}

} // namespace keyfob::cli::commands
