#include "agent/api/client.h"
#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "cli/account_text.h"
#include "cli/commands/commands.h"
#include "cli/interrupt.h"
#include "cli/launcher.h"
#include "cli/login_report.h"
#include "cli/values.h"
#include "platform/browser.h"
#include "platform/json.h"

#include <optional>
#include <set>

namespace keyfob::cli::commands {
namespace {

using agent::api::Client;
using platform::Error;
using platform::ErrorKind;
using platform::Origin;
using platform::Result;
using platform::Url;
using Poco::JSON::Object;

constexpr std::chrono::seconds k_longest_wait = std::chrono::minutes{10}; // a pairing lives no longer

struct Started {
    std::string login_id;
    Url start;
    std::int64_t expires_in = 0;
};

Error cancelled() {
    return {ErrorKind::cancelled, "cancelled; nobody was signed in", "", agent::api::k_cancelled};
}

/// The only server where somebody is signed in already.
Result<Origin> known_server(Client& agent) {
    KEYFOB_TRY_ASSIGN(const Object::Ptr status, agent.call(agent::api::k_status, Object()));
    std::set<std::string> servers;
    if (const auto accounts = platform::json::get_array(*status, "accounts"); !accounts.isNull())
        for (unsigned i = 0; i < accounts->size(); ++i)
            if (const auto account = accounts->getObject(i); !account.isNull())
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
Result<Object> read_parameters(const Context& context) {
    Object parameters(Poco::JSON_PRESERVE_KEY_ORDER);
    if (!context.arguments.positional().empty())
        KEYFOB_TRY(parse_server(context.arguments.positional()[0]));
    if (const auto text = context.arguments.value("port")) {
        KEYFOB_TRY_ASSIGN(const int port, parse_port(*text));
        parameters.set("port", port);
    }
    if (const auto text = context.arguments.value("timeout")) {
        KEYFOB_TRY_ASSIGN(const std::chrono::seconds timeout, parse_duration(*text));
        if (timeout > k_longest_wait)
            return usage_error("a sign-in waits ten minutes at most: " + *text);
        parameters.set("timeout", static_cast<std::int64_t>(timeout.count()));
    }
    return parameters;
}

/// What is opened is on this machine, whatever the agent says (AG-06).
Result<Started> read_started(const Object& answer) {
    const auto id = platform::json::get_string(answer, "login_id");
    auto url = Url::parse(platform::json::get_string(answer, "start_url").value_or(""));
    if (!id || !url || url->origin.scheme != "http" || !url->origin.is_loopback())
        return agent_nonsense("login.start");
    return Started{
        *id, *url,
        platform::json::get_integer(answer, "expires_in").value_or(std::chrono::seconds(k_longest_wait).count())};
}

bool was_interrupted(const Error& error) {
    return error.code == Client::k_interrupted;
}

/// Tells the agent, which tells the server. Somebody may have approved at the same moment: then the account is signed in, and that is said.
Result<Object::Ptr> cancel(Client& agent, const std::string& login_id, std::int64_t wait_id, Interrupt& interrupt) {
    interrupt.forget(); // a second Ctrl-C does not wait for the server
    Object parameters;
    parameters.set("login_id", login_id);
    KEYFOB_TRY_ASSIGN(const std::int64_t id, agent.send(agent::api::k_login_cancel, parameters));
    if (!agent.receive(id, {.interrupt = interrupt.descriptor()}))
        return cancelled();
    auto answer = agent.receive(wait_id, {.interrupt = interrupt.descriptor()});
    return answer ? std::move(answer) : cancelled();
}

/// A browser that nobody asked for must not pop up from a job without a terminal; $BROWSER is asking.
std::optional<platform::ChildProcess> open_browser(const Context& context, LoginReport& report, const Url& start) {
    if (context.arguments.has("no-browser")) {
        report.elsewhere(start);
        return std::nullopt;
    }
    if (!context.console.person_reads() && context.environment("BROWSER").empty()) {
        report.no_browser("messages do not go to a terminal here (BROWSER=xdg-open opens one all the same)", start);
        return std::nullopt;
    }
    auto opener = platform::open_browser(start.text(), context.environment);
    if (!opener) {
        report.no_browser(opener.error().message, start);
        return std::nullopt;
    }
    report.browser_started();
    return std::move(*opener);
}

/// The answer to login.wait. Meanwhile the program that opens the browser may end, and is dropped then.
Result<Object::Ptr> await_end(Client& agent, std::int64_t id, const Started& started, const Interrupt& interrupt,
                              std::optional<platform::ChildProcess>& opener, LoginReport& report) {
    const agent::api::Patience as_ever;
    const std::chrono::seconds longest = std::chrono::seconds(started.expires_in) + as_ever.longest;
    while (true) {
        auto answer = agent.receive(
            id, {.longest = longest, .interrupt = interrupt.descriptor(), .event = opener ? opener->descriptor() : -1});
        if (answer || answer.error().code != Client::k_event)
            return answer;
        if (const int code = opener->exit_code().value_or(0); code != 0)
            report.no_browser("the program that opens it ended with exit code " + std::to_string(code), started.start);
        opener.reset();
    }
}

Result<Object::Ptr> wait_for_account(Client& agent, const Started& started, Interrupt& interrupt,
                                     std::optional<platform::ChildProcess> opener, LoginReport& report) {
    Object parameters;
    parameters.set("login_id", started.login_id);
    KEYFOB_TRY_ASSIGN(const std::int64_t id, agent.send(agent::api::k_login_wait, parameters));
    auto answer = await_end(agent, id, started, interrupt, opener, report);
    if (!answer && was_interrupted(answer.error()))
        answer = cancel(agent, started.login_id, id, interrupt);
    KEYFOB_TRY(answer);
    const Object::Ptr account = platform::json::get_object(**answer, "account");
    return account.isNull() ? Result<Object::Ptr>(agent_nonsense("login.wait")) : account;
}

Result<Object::Ptr> sign_in(const Context& context, LoginReport& report) {
    KEYFOB_TRY_ASSIGN(Object parameters, read_parameters(context));
    KEYFOB_TRY_ASSIGN(Client agent, connect_agent(context.environment));
    KEYFOB_TRY_ASSIGN(const Origin server, choose_server(context, agent));
    parameters.set("server", server.text());
    Interrupt interrupt;
    KEYFOB_TRY_ASSIGN(const std::int64_t id, agent.send(agent::api::k_login_start, parameters));
    const auto answer = agent.receive(id, {.interrupt = interrupt.descriptor()});
    if (!answer) // the end of the connection is the end of the login
        return was_interrupted(answer.error()) ? cancelled() : answer.error();
    KEYFOB_TRY_ASSIGN(const Started started, read_started(**answer));
    report.waiting(server.text(), started.start, started.expires_in);
    auto opener = open_browser(context, report, started.start);
    report.still_waiting(started.expires_in);
    return wait_for_account(agent, started, interrupt, std::move(opener), report);
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
