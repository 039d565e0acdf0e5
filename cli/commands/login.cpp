#include "agent/api/client.h"
#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "cli/account_text.h"
#include "cli/commands/commands.h"
#include "cli/interrupt.h"
#include "cli/launcher.h"
#include "cli/login_report.h"
#include "cli/login_wait.h"
#include "cli/values.h"
#include "platform/browser.h"
#include "platform/json_value.h"

#include <optional>
#include <set>

namespace keyfob::cli::commands {
namespace {

using agent::api::Client;
using platform::Origin;
using platform::Result;
using platform::Url;
using platform::json::Value;

constexpr std::chrono::seconds k_longest_wait = std::chrono::minutes{10}; // a pairing lives no longer

/// The only server where somebody is signed in already.
Result<Origin> known_server(Client& agent) {
    KEYFOB_TRY_ASSIGN(const Value status, agent.call(agent::api::k_status, Value::object()));
    std::set<std::string> servers;
    for (const Value* account : platform::json::get_objects(status, "accounts"))
        servers.insert(read_account(*account).server);
    if (servers.size() == 1)
        return parse_server(*servers.begin());
    return usage_error(servers.empty() ? "which server?" : "which server? there are accounts at several",
                       "name it: " KEYFOB_CLI_NAME " login https://app.example.com, or set KEYFOB_SERVER");
}

Result<Origin> choose_server(const Context& context, Client& agent) {
    if (!context.arguments.positional().empty())
        return parse_server(context.arguments.positional()[0]);
    if (const std::string server = context.environment("KEYFOB_SERVER"); !server.empty())
        return parse_server(server);
    return known_server(agent);
}

/// Everything of the command line that can be wrong, before anything is started.
Result<Value> read_parameters(const Context& context) {
    Value parameters = Value::object();
    if (!context.arguments.positional().empty())
        KEYFOB_TRY(parse_server(context.arguments.positional()[0]));
    if (const auto text = context.arguments.value("port")) {
        KEYFOB_TRY_ASSIGN(const int port, parse_port(*text));
        parameters["port"] = port;
    }
    if (context.arguments.has("device")) {
        if (context.arguments.value("port") || context.arguments.has("no-browser"))
            return usage_error("--device uses no browser on this machine: leave --port and --no-browser out");
        parameters["device"] = true;
    }
    if (const auto text = context.arguments.value("timeout")) {
        KEYFOB_TRY_ASSIGN(const std::chrono::seconds timeout, parse_duration(*text));
        if (timeout > k_longest_wait)
            return usage_error("a sign-in waits ten minutes at most: " + *text);
        parameters["timeout"] = timeout.count();
    }
    return parameters;
}

/// What is opened is on this machine, and where a code is typed is the server that was named, whatever the agent says (AG-06).
bool may_be_told(const Url& url, const std::string& user_code, const Origin& server) {
    return user_code.empty() ? url.origin.scheme == "http" && url.origin.is_loopback() : url.origin == server;
}

Result<StartedLogin> read_started(const Value& answer, const Origin& server) {
    const auto text = [&](const char* name) { return platform::json::get_string(answer, name).value_or(""); };
    const std::string code = text("user_code");
    auto url = Url::parse(text(code.empty() ? "start_url" : "verification_uri"));
    if (text("login_id").empty() || !url || !may_be_told(*url, code, server))
        return agent_nonsense("login.start");
    return StartedLogin{
        text("login_id"), *url, code,
        platform::json::get_integer(answer, "expires_in").value_or(std::chrono::seconds(k_longest_wait).count()),
        platform::json::get_bool(answer, "joined").value_or(false)};
}

/// With no terminal nothing ever opens a browser, $BROWSER or not, and neither does a sign-in by a code. Who joins a login leaves the window to the one that began it.
std::optional<platform::ChildProcess> open_browser(const Context& context, LoginReport& report,
                                                   const StartedLogin& login) {
    if (login.by_device_grant())
        return std::nullopt;
    if (context.arguments.has("no-browser")) {
        report.elsewhere(login.start);
        return std::nullopt;
    }
    if (login.joined)
        return std::nullopt;
    if (!context.console.person_reads()) {
        report.no_browser("messages do not go to a terminal here", login.start);
        return std::nullopt;
    }
    auto opener = platform::open_browser(login.start.text(), context.environment);
    if (!opener) {
        report.no_browser(opener.error().message, login.start);
        return std::nullopt;
    }
    report.browser_started();
    return std::move(*opener);
}

Result<Value> sign_in(const Context& context, LoginReport& report) {
    KEYFOB_TRY_ASSIGN(Value parameters, read_parameters(context));
    KEYFOB_TRY_ASSIGN(Client agent, connect_agent(context.environment));
    KEYFOB_TRY_ASSIGN(const Origin server, choose_server(context, agent));
    parameters["server"] = server.text();
    Interrupt interrupt;
    KEYFOB_TRY_ASSIGN(const std::int64_t id, agent.send(agent::api::k_login_start, parameters));
    const auto answer = agent.receive(id, {.interrupt = interrupt.descriptor()});
    if (!answer) // the end of the connection is the end of our part in the login
        return answer.error().code == Client::k_interrupted ? login_cancelled() : answer.error();
    KEYFOB_TRY_ASSIGN(const StartedLogin login, read_started(*answer, server));
    report.waiting(server.text(), login);
    auto opener = open_browser(context, report, login);
    report.still_waiting(login);
    return LoginWait(agent, login, interrupt, report).run(std::move(opener));
}

} // namespace

int login(const Context& context) {
    LoginReport report(context.console, context.arguments.has("json"));
    const auto account = sign_in(context, report);
    if (!account)
        return report.failed(account.error());
    report.signed_in(*account);
    return 0;
}

} // namespace keyfob::cli::commands
