#include "cli/commands/commands.h"
#include "cli/hand_out.h"
#include "cli/launcher.h"
#include "cli/values.h"
#include "platform/process.h"
#include "platform/url.h"

namespace keyfob::cli::commands {
namespace {

using platform::Result;
using platform::Url;

constexpr const char* k_worth = "whoever reads them can act as you for minutes";

Result<Url> read_url(const Context& context) {
    const auto& words = context.arguments.positional();
    if (words.empty())
        return usage_error("headers for which request?",
                           "name its URL: " KEYFOB_CLI_NAME " headers https://app.example.com/reports");
    auto url = Url::parse(words[0]);
    if (!url) // a path alone would not say to whom they may be given
        return usage_error("not the whole URL of a request: " + words[0] + " (" + url.error().message + ")",
                           "write it with its server: https://app.example.com/reports");
    return url;
}

Result<HandOut> lend(const Context& context) {
    KEYFOB_TRY_ASSIGN(const Url url, read_url(context));
    if (context.console.shows_data() && !context.arguments.has("force"))
        return usage_error(std::string("headers are a secret and do not go to a terminal: ") + k_worth,
                           "pipe them, `" KEYFOB_CLI_NAME " headers URL | curl -H @- URL`, or add --force");
    KEYFOB_TRY_ASSIGN(auto agent, connect_agent(context.environment));
    return ask_hand_out(agent, url.text(), "GET", option_or_variable(context, "account", "KEYFOB_ACCOUNT"));
}

} // namespace

int headers(const Context& context) {
    platform::harden_process(); // from here on a cookie is in memory
    const auto hand_out = lend(context);
    if (!hand_out)
        return fail(context.console, in_one_line(hand_out.error()));
    if (context.console.shows_data())
        context.console.warning(std::string(k_worth) + " at " + hand_out->server + ", " +
                                describe(hand_out->expires_in) + " from now at most");
    for (const auto& [name, value] : hand_out->headers.fields())
        context.console.write(name + ": " + value + "\n"); // checked to be one line
    return 0;
}

} // namespace keyfob::cli::commands
