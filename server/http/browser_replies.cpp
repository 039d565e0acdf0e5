#include "server/http/browser_replies.h"

#include "platform/http/message.h"
#include "server/http/pages.h"
#include "server/signin/pairing_end.h"

#include <array>

namespace keyfob::server::http {
namespace {

using platform::Error;
using platform::ErrorKind;

constexpr std::size_t k_most_flow_cookies = 8; // SE-12
constexpr std::int64_t k_flow_cookie_seconds = 600;
constexpr std::int64_t k_ended_flow_cookie_seconds = 540;
constexpr std::string_view k_slow_down = "slow_down";
constexpr const char* k_busy_seconds = "3";

/// The flow is as it was, so the same address goes on with it. `Refresh` is the header form of the meta element, and needs no script.
Response busy_page(const Call& call) {
    Response response =
        message(call, 503, "One moment", "Many people are signing in right now.", "This page tries again by itself.");
    response.headers.set("Retry-After", k_busy_seconds);
    response.headers.set("Refresh", k_busy_seconds);
    return response;
}

/// SE-12: many sign-ins in one browser must not grow its cookies without end; browsers send the oldest first.
void evict_flow_cookies(Response& response, const Call& call) {
    const std::string* field = call.request.headers.find("Cookie");
    if (field == nullptr)
        return;
    const std::string prefix = call.services.flow_cookie_prefix();
    std::vector<std::string> names;
    for (const auto& [name, value] : platform::http::parse_cookies(*field))
        if (name.starts_with(prefix) && platform::http::is_token(name))
            names.emplace_back(name);
    for (std::size_t i = 0; i + k_most_flow_cookies <= names.size(); ++i)
        reply::set_cookie(response, call.services, names[i], "", 0);
}

/// What the person can do is the same after every end.
constexpr const char* k_start_again = "To sign in again, run the command in the terminal again.";

struct Ending {
    const char* code;
    const char* title;
    const char* what;
};
constexpr std::array k_endings{
    Ending{signin::k_end_approved, "This sign-in is finished",
           "You have approved it. The terminal says what came of it."},
    Ending{signin::k_end_refused, "This sign-in was declined",
           "It was declined or refused, and nothing was signed in."},
    Ending{signin::k_end_superseded, "A newer sign-in has taken its place",
           "It was begun again on the same device, in another tab perhaps; go on there. Nothing was signed in here."},
    Ending{signin::k_end_cancelled, "This sign-in was cancelled",
           "The command in the terminal was ended, and nothing was signed in."},
    Ending{signin::k_end_expired, "This sign-in took too long",
           "Nobody finished it within its ten minutes, and nothing was signed in."},
};

Response ending_page(const Call& call, const std::string& code) {
    for (const Ending& ending : k_endings)
        if (code == ending.code)
            return message(call, 400, ending.title, ending.what, k_start_again);
    return message(call, 400, "This sign-in is over",
                   "It is over since a while, an address of it was used before, or it was begun in another browser.",
                   k_start_again);
}

} // namespace

Response message(const Call& call, int status, const std::string& title, const std::string& what,
                 const std::string& hint) {
    return reply::page(status, pages::message(title, what, hint, call.request.request_id));
}

/// S3: the page says what happened in our own words; nothing of the request comes back in it.
Response failure_page(const Call& call, const Error& error) {
    if (error.kind == ErrorKind::unreachable) {
        Response response =
            message(call, 503, "Not now", "The server cannot reach its database.", "Try again in a moment.");
        response.headers.set("Retry-After", "2");
        return response;
    }
    if (error.code == k_slow_down)
        return busy_page(call);
    if (error.kind == ErrorKind::denied)
        return message(call, 403, "Refused", "This form was not made for this browser.",
                       "Start again in the terminal.");
    return ending_page(call, error.code);
}

void keep_flow_cookie(Response& response, const Call& call, const std::string& flow_id) {
    if (const auto text = call.flow_cookie()(flow_id))
        reply::set_cookie(response, call.services, call.services.flow_cookie_prefix() + flow_id, *text,
                          k_ended_flow_cookie_seconds);
}

void set_flow_cookie(Response& response, const Call& call, const signin::Flow& flow) {
    evict_flow_cookies(response, call);
    reply::set_cookie(response, call.services, call.services.flow_cookie_prefix() + flow.pairing.flow_id,
                      flow.secret.cookie_text(), k_flow_cookie_seconds);
}

} // namespace keyfob::server::http
