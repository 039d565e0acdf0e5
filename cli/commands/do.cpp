#include "agent/api/error_code.h"
#include "cli/commands/commands.h"
#include "cli/hand_out.h"
#include "cli/http_request.h"
#include "cli/launcher.h"
#include "cli/redirect.h"
#include "cli/response_sink.h"
#include "platform/encoding.h"
#include "platform/http/client.h"
#include "platform/process.h"

#include <algorithm>

namespace keyfob::cli::commands {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::Url;
using HttpClient = platform::http::Client; // the agent has a Client as well
using platform::http::ClientOptions;
using platform::http::ClientRequest;
using platform::http::ClientResponse;

constexpr int k_most_redirects = 10;
constexpr std::chrono::minutes k_longest_silence{10}; // a report may take its time; Ctrl-C is always there
constexpr const char* k_scheme = "Keyfob";            // of WWW-Authenticate, from our own servers

/// The response that was delivered, and what is to be said about it.
struct Delivered {
    ClientResponse head;
    std::string note;
    std::string server;
    bool dropped = false; ///< the body, because it is not what the file is for
};

Result<HttpClient> make_client(const Url& url) {
    ClientOptions options;
    options.total_deadline = std::chrono::milliseconds::zero();
    options.silence_deadline = k_longest_silence;
    if (url.origin.scheme == "https") { // costs milliseconds, so not for http
        KEYFOB_TRY_ASSIGN(options.tls, platform::http::TlsContext::for_client());
    }
    return HttpClient(std::move(options));
}

/// One exchange. A redirect to follow is left in `plan.next`, and its body unread.
Result<ClientResponse> exchange(const HttpClient& client, const ClientRequest& request, ResponseSink& sink,
                                RedirectPlan& plan) {
    return client.stream(
        request,
        [&](const ClientResponse& head) {
            plan = plan_redirect(request, head);
            return !plan.next && sink.begin(head);
        },
        [&](std::string_view piece) { return sink.write(piece); });
}

Result<Delivered> exchange_all(const HttpClient& client, ClientRequest request, ResponseSink& sink) {
    for (int redirects = 0; redirects <= k_most_redirects; ++redirects) {
        RedirectPlan plan;
        const auto head = exchange(client, request, sink, plan);
        if (!head && !plan.next)
            return head.error();
        if (head)
            return Delivered{*head, plan.note, request.url.origin.text()};
        request.url = *plan.next;
        request.method = plan.method;
        request.body.clear(); // only a 303 comes here with one
        request.body_file = -1;
        request.body_length = 0;
        request.headers.remove("Content-Type");
    }
    return Error{ErrorKind::failed, "too many redirects"};
}

ClientRequest to_client_request(HttpRequest& request, const Url& url, const HandOut& hand_out) {
    ClientRequest out;
    out.method = request.method;
    out.url = url;
    out.headers = std::move(request.headers);
    for (const auto& [name, value] : hand_out.headers.fields())
        out.headers.set(name, value);
    out.body = std::move(request.body);
    out.body_file = request.body_file.get();
    out.body_length = request.body_length;
    return out;
}

Result<Delivered> run(const Context& context, ResponseSink& sink) {
    if (context.arguments.value("o") == "")
        return usage_error("-o names no file", "write -o FILE, or -o - for standard output");
    KEYFOB_TRY_ASSIGN(HttpRequest request, parse_http_request(context.arguments));
    KEYFOB_TRY_ASSIGN(auto agent, connect_agent(context.environment));
    const std::string account = option_or_variable(context, "account", "KEYFOB_ACCOUNT");
    KEYFOB_TRY_ASSIGN(const HandOut hand_out, ask_hand_out(agent, request.on_server(""), request.method, account));
    KEYFOB_TRY_ASSIGN(const Url url, Url::parse(request.on_server(hand_out.server)));
    KEYFOB_TRY_ASSIGN(const HttpClient client, make_client(url));
    auto delivered = exchange_all(client, to_client_request(request, url, hand_out), sink);
    if (delivered && !sink.finish())
        return Error{ErrorKind::cancelled, ""};
    if (delivered)
        delivered->dropped = sink.dropped();
    return delivered;
}

/// True for the 401 of a keyfob server: the session is not valid there any more.
bool asks_for_sign_in(const ClientResponse& head) {
    const auto challenges = head.headers.all("WWW-Authenticate");
    return head.status == 401 && std::any_of(challenges.begin(), challenges.end(), [](std::string_view challenge) {
               return platform::equal_ignoring_case(challenge.substr(0, challenge.find(' ')), k_scheme);
           });
}

int report(Console& console, const Delivered& delivered) {
    const ClientResponse& head = delivered.head;
    if (!delivered.note.empty())
        console.note(delivered.note);
    if (head.status < 400)
        return 0;
    const std::string phrase =
        head.reason.empty() ? std::string(platform::http::reason_phrase(head.status)) : head.reason;
    Error error{ErrorKind::failed, "HTTP " + std::to_string(head.status) + " " + phrase};
    if (asks_for_sign_in(head)) {
        error.hint = "the session is over: " KEYFOB_CLI_NAME " login " + delivered.server;
        error.code = agent::api::k_sign_in_needed;
    }
    if (delivered.dropped && error.hint.empty())
        error.hint = "nothing was written to the file; without -o the answer's body is shown";
    return fail(console, in_one_line(std::move(error)));
}

} // namespace

int do_request(const Context& context) {
    platform::harden_process(); // from here on a cookie is in memory
    ResponseSink sink(context.console, context.arguments.value("o").value_or(""), context.arguments.has("i"));
    const auto delivered = run(context, sink);
    if (delivered)
        return report(context.console, *delivered);
    if (!sink.stopped())
        return fail(context.console, in_one_line(delivered.error()));
    const auto error = sink.error();
    return error ? fail(context.console, *error) : 0; // the reader of our output has seen enough
}

} // namespace keyfob::cli::commands
