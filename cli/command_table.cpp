#include "cli/command_table.h"

#include "cli/commands/commands.h"

#include <array>

namespace keyfob::cli {
namespace {

constexpr Option k_account{
    .name = "account", .value = "NAME", .help = "which account, if there are several (or KEYFOB_ACCOUNT)"};
constexpr Option k_json{.name = "json", .help = "for programs: JSON on standard output"};

constexpr std::array k_login_options{
    Option{.name = "no-browser", .help = "only print the address to open"},
    Option{.name = "device", .help = "by a code that you type in a browser anywhere, where the server allows it"},
    Option{.name = "port", .value = "N", .help = "the local port the browser comes back to, for ssh -L"},
    Option{.name = "timeout", .value = "10m", .help = "how long to wait: 90s, 5m; ten minutes at most"},
    k_json,
};

constexpr std::array k_do_options{
    Option{.letter = 'X', .value = "METHOD", .help = "GET without it, POST with -d"},
    Option{.letter = 'H', .value = "'Name: value'", .help = "add a header; again for more", .repeatable = true},
    Option{.letter = 'd', .value = "DATA|@FILE|@-", .help = "send data, a file, or standard input"},
    Option{.letter = 'i', .help = "print status and headers before the body"},
    Option{.letter = 'o', .value = "FILE", .help = "write to a file instead of standard output"},
    k_account,
};

constexpr std::array k_headers_options{
    Option{.name = "force", .help = "also to a terminal, where others may read them"},
    k_account,
};

constexpr std::array k_status_options{k_json};

constexpr std::array k_sessions_options{
    Option{.name = "all-others", .help = "with revoke: every session but this one"},
    k_account,
    k_json,
};

constexpr std::array k_logout_options{
    Option{.name = "all", .help = "every account"},
    k_account,
};

constexpr std::array k_table{
    Command{
        "login", "sign in to a server through the browser",
        "[SERVER] [--no-browser] [--port N] [--device] [--timeout 10m] [--json]",
        "SERVER is an address like https://app.example.com; without it KEYFOB_SERVER is taken, else the server "
        "where you are signed in\n"
        "already. The browser is BROWSER, else the desktop's; without a terminal none is ever opened.\n"
        "From a machine without one:\n"
        "  ssh -L 40123:127.0.0.1:40123 HOST\n"
        "  " KEYFOB_CLI_NAME " login SERVER --no-browser --port 40123\n"
        "and open the address that it prints in the browser in front of you. Where that cannot be either, --device "
        "prints an address and a\n"
        "code to type there. Never type one that somebody sent you: whoever made it would be signed in as you.\n"
        "Where a sign-in to SERVER is waiting already, this one joins it: both end together, and Ctrl-C leaves it to "
        "those that are left.",
        k_login_options, 1, commands::login},
    Command{"do", "make an HTTP request with your session",
            "[METHOD] PATH|URL [-X METHOD] [-H 'Name: value'] [-d DATA] [-i] [-o FILE]",
            "PATH is meant on the account's server. The body goes to standard output as it is. Redirects are followed "
            "on the same server only.\n"
            "-o replaces FILE when the answer is complete and its status below 400; otherwise FILE stays as it is.\n"
            "HTTP status 400 and above: exit code 1; not signed in: 4. SSL_CERT_FILE names other certificates "
            "to trust than the system's.",
            k_do_options, 2, commands::do_request},
    Command{"headers", "print the headers of a request with your session, for other tools",
            "URL [--force] [--account NAME]",
            "One a line, `Name: value`, for tools that read them from standard input or a file:\n"
            "  " KEYFOB_CLI_NAME " headers URL | curl -H @- URL\n"
            "They are a secret: whoever reads them can act as you at that server for up to ten minutes. Give them to "
            "requests to URL's own\n"
            "server (scheme, host and port) only, never as an argument (`ps` shows those to everybody), in a log, or "
            "to a tool that sends them\n"
            "along to other servers. Nobody is signed in by this: signed out, it ends with exit code 4.",
            k_headers_options, 1, commands::headers},
    Command{"status", "show who is signed in, where", "[--json]", "", k_status_options, 0, commands::status},
    Command{"logout", "end a session at the server and forget it", "[--all] [--account NAME]",
            "When a server cannot be reached, its session is forgotten here all the same, and that is said.",
            k_logout_options, 0, commands::logout},
    Command{
        "sessions", "show where you are signed in, and end what you do not know",
        "[revoke ID | revoke --all-others] [--account NAME] [--json]",
        "All live sessions of the same person at the account's server. An ID may be cut down to six letters. A session "
        "without a key of its\n"
        "device is called unbound.",
        k_sessions_options, 2, commands::sessions},
    Command{"version", "show the version", "", "", {}, 0, commands::version},
    Command{"help", "show how to use this program, or one command", "[COMMAND]", "", {}, 1, commands::help},
};

} // namespace

std::span<const Command> command_table() {
    return k_table;
}

} // namespace keyfob::cli
