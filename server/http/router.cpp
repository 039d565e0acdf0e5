#include "server/http/router.h"

#include "platform/log.h"
#include "server/api/routes.h"
#include "server/http/credentials.h"
#include "server/http/handlers.h"
#include "server/http/pages.h"
#include "server/http/reply.h"
#include "server/http/route_table.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace keyfob::server::http {
namespace {

using platform::http::Request;
using platform::http::Response;

constexpr std::string_view k_demo_path = "/demo/";

bool fits_path(const Route& route, std::string_view path) {
    const std::string_view own = route.path;
    if (!route.below)
        return path == own;
    return path.size() > own.size() + 1 && path.starts_with(own) && path[own.size()] == '/' &&
           path.find('/', own.size() + 1) == std::string_view::npos;
}

/// HEAD is answered like GET; the front leaves the body out. Not where a browser goes: those pages move a sign-in on, and HEAD is what looks at
/// links does, not a person.
bool fits_method(const Route& route, std::string_view method) {
    return method == route.method ||
           (method == "HEAD" && std::string_view(route.method) == "GET" && route.caller != Caller::browser);
}

using RoutesByPath = std::unordered_multimap<std::string_view, const Route*>;

/// The table is longer to look through than all else that the check of a cookie does.
const RoutesByPath& routes_by_path() {
    static const RoutesByPath k_index = [] {
        RoutesByPath index;
        for (const Route& route : routes())
            index.emplace(route.path, &route);
        return index;
    }();
    return k_index;
}

const Route* find_route(const Request& request) {
    const std::string_view path = request.path;
    for (const std::string_view own : {path, path.substr(0, path.rfind('/'))}) {
        const auto [first, last] = routes_by_path().equal_range(own);
        const auto found = std::find_if(first, last, [&](const auto& entry) {
            return fits_path(*entry.second, path) && fits_method(*entry.second, request.method);
        });
        if (found != last)
            return found->second;
    }
    return nullptr;
}

std::string allowed_methods(const Request& request) {
    std::set<std::string> methods;
    for (const Route& route : routes())
        if (fits_path(route, request.path))
            methods.emplace(route.method);
    std::string text;
    for (const std::string& method : methods)
        text += (text.empty() ? "" : ", ") + method;
    return text;
}

bool is_form(const Request& request) {
    return platform::http::media_type(request.headers) == platform::http::k_form_type;
}

/// Whether a form was sent by one of our pages and not by another site's (SE-15). Old browsers without Sec-Fetch-Site send Origin, and our pages
/// let them (reply::form_page). An Origin of `null` is refused: it is what sandboxed frames and data: pages of anybody send.
bool is_from_our_pages(const Request& request, const std::string& external_url) {
    if (const std::string* site = request.headers.find("Sec-Fetch-Site"))
        return *site == "same-origin";
    const std::string* origin = request.headers.find("Origin");
    return origin != nullptr && *origin == external_url;
}

/// Nobody but a person's own navigation has a reason to open these; a page that frames or fetches them has none. A frame navigates as well, so
/// it is the destination that tells it from a tab.
bool is_navigation(const Request& request) {
    const std::string* mode = request.headers.find("Sec-Fetch-Mode");
    const std::string* destination = request.headers.find("Sec-Fetch-Dest");
    return (mode == nullptr || *mode == "navigate") && (destination == nullptr || *destination == "document");
}

using Refusal = std::optional<Response>;

Refusal check_form(const Call& call) {
    if (call.query.all().empty() && is_form(call.request))
        return std::nullopt;
    return reply::error(call, 400, "invalid_request", "the parameters belong into a form in the body"); // AS-12
}

Refusal check_agent(Call& call) {
    if (auto refusal = check_form(call))
        return refusal;
    if (call.form.get("client_id") != api::k_agent_client_id) // before the proof, which leaves a row
        return reply::error(call, 400, "invalid_client", "the client is not known here");
    const std::string url = call.services.external_url + call.request.path;
    auto proof = call.services.proofs.check(call.request.headers.all("DPoP"), call.request.method, url);
    if (!proof)
        return reply::failure(call, 400, proof.error());
    call.proof = std::move(*proof);
    return std::nullopt;
}

bool has_field(const Call& call, const char* name) {
    return call.request.headers.find(name) != nullptr;
}

Response challenge(Response response, const Call& call, const std::string& scheme, const std::string& more = {}) {
    response.headers.set("WWW-Authenticate", scheme + " realm=\"" + call.services.external_url + "\"" + more);
    return response;
}

Refusal check_client(Call& call) {
    const signin::Client* client = call.services.clients.find(call.form.get("client_id"));
    if (client == nullptr)
        return check_agent(call);
    if (auto refusal = check_form(call))
        return refusal;
    if (has_field(call, "DPoP")) // whoever asks for a token that is bound must not get one that is not
        return reply::error(call, 400, "invalid_request", "the tokens of this client are not bound to a key");
    if (has_field(call, "Authorization"))
        return challenge(reply::error(call, 401, "invalid_client", "a public client has no secret"), call, "Basic");
    if (call.form.find("client_secret") != nullptr)
        return reply::error(call, 400, "invalid_client", "a public client has no secret");
    call.client = client;
    return std::nullopt;
}

Refusal check_resource_server(Call& call) {
    if (call.services.resource_servers.empty())
        return reply::error(call, 404, "not_found", "there is nothing here");
    if (auto refusal = check_form(call))
        return refusal;
    const bool by_form = call.form.find("client_secret") != nullptr;
    if (by_form && has_field(call, "Authorization")) // RFC 6749 section 2.3
        return reply::error(call, 400, "invalid_request", "the client authenticates in two ways");
    const auto credentials = by_form ? ClientCredentials{call.form.get("client_id"), call.form.get("client_secret")}
                                     : basic_credentials(call.request);
    if (credentials)
        call.resource_server = call.services.resource_servers.find(credentials->id, credentials->secret);
    if (call.resource_server != nullptr)
        return std::nullopt;
    platform::log::warning("client_authentication_failed", {{"client_address", call.client_address}});
    return challenge(reply::error(call, 401, "invalid_client", "the client authentication failed"), call, "Basic");
}

Refusal check_browser(Call& call) {
    const bool post = call.request.method == "POST";
    if (post && !is_form(call.request))
        return reply::error(call, 400, "invalid_request", "this is not a form");
    if (!is_navigation(call.request) || (post && !is_from_our_pages(call.request, call.services.external_url)))
        return reply::error(call, 403, "cross_site", "this address is opened by a person, from our own pages");
    return std::nullopt;
}

Refusal check_signed_in(Call& call) {
    const auto cookie = call.request.cookie(call.services.cookie_name());
    auto owner = cookie ? call.services.sessions.authenticate(*cookie) : signin::SessionPtr{};
    if (!owner)
        return reply::failure(call, 503, owner.error());
    if (*owner) {
        call.signed_in = std::move(*owner);
        return std::nullopt;
    }
    return challenge(reply::error(call, 401, "sign_in_needed", "sign in first"), call, api::k_authentication_scheme);
}

Response refuse_token(const Call& call, int status, const std::string& code, const std::string& why) {
    return challenge(reply::error(call, status, code, why), call, api::k_bearer_token_type,
                     ", error=\"" + code + "\", error_description=\"" + why + "\""); // RFC 6750 section 3
}

/// Without standard clients nobody has a token, and the Authorization field is somebody else's.
Refusal check_cookie_or_token(Call& call) {
    if (call.services.clients.empty())
        return check_signed_in(call);
    const auto token = bearer_token(call.request);
    if (!token)
        return refuse_token(call, 400, "invalid_request", token.error().message);
    if (!*token)
        return check_signed_in(call);
    if (call.request.cookie(call.services.cookie_name())) // RFC 6750 section 2: one way alone
        return refuse_token(call, 400, "invalid_request", "there is a session cookie as well");
    auto owner = call.services.tokens.authenticate(**token);
    if (!owner)
        return reply::failure(call, 503, owner.error());
    if (!*owner)
        return refuse_token(call, 401, "invalid_token", "the token is unknown, expired or revoked");
    call.signed_in = std::move(*owner);
    return std::nullopt;
}

Refusal check_caller(const Route& route, Call& call) {
    switch (route.caller) {
    case Caller::agent:
        return check_agent(call);
    case Caller::client:
        return check_client(call);
    case Caller::resource_server:
        return check_resource_server(call);
    case Caller::browser:
        return check_browser(call);
    case Caller::signed_in:
        return check_signed_in(call);
    case Caller::cookie_or_token:
        return check_cookie_or_token(call);
    case Caller::provider:
        return check_form(call);
    case Caller::anyone:
    case Caller::device:
        break;
    }
    return std::nullopt;
}

Refusal parse_parameters(Call& call) {
    if (!call.request.query.empty()) {
        auto query = platform::Parameters::parse(call.request.query);
        if (!query)
            return reply::error(call, 400, "invalid_request", query.error().message); // RP-22
        call.query = std::move(*query);
    }
    if (call.request.method != "POST" || !is_form(call.request))
        return std::nullopt;
    auto form = platform::Parameters::parse(call.request.body);
    if (!form)
        return reply::error(call, 400, "invalid_request", form.error().message);
    call.form = std::move(*form);
    return std::nullopt;
}

constexpr const char* k_rate_limited = "rate_limited";

/// A page that was only opened is opened again by the browser itself; a form is not sent twice without its person.
Response rate_limited_page(const Call& call, const std::string& wait) {
    const bool opened = call.request.method == "GET";
    Response response =
        reply::page(429, pages::message("One moment", "Too many requests come from your network right now.",
                                        opened ? "This page tries again by itself."
                                               : "Go back, wait " + wait + " seconds, and try again.",
                                        call.request.request_id));
    if (opened)
        response.headers.set("Refresh", wait);
    return response;
}

} // namespace

/// First of all checks: nothing was written or verified for whoever asks too often (OP-04).
Refusal Router::check_rate(const Route& route, const Call& call) {
    const bool is_crowded = route.limit == Limit::agent && m_services.store.is_crowded();
    const auto wait = m_limits.refuse(route.limit, call.client_address, is_crowded);
    if (!wait)
        return std::nullopt;
    const std::string seconds = std::to_string(wait->count());
    Response response = route.caller == Caller::browser
                            ? rate_limited_page(call, seconds)
                            : reply::error(call, 429, k_rate_limited, "too many requests come from this network");
    response.headers.set("Retry-After", seconds);
    return response;
}

Response Router::run(const Route& route, Call& call) {
    if (auto refusal = check_rate(route, call))
        return std::move(*refusal);
    if (auto refusal = parse_parameters(call))
        return std::move(*refusal);
    if (auto refusal = check_caller(route, call))
        return std::move(*refusal);
    return route.handler(call);
}

bool Router::is_demo(const Request& request) const {
    return m_services.demo && request.path.starts_with(k_demo_path);
}

platform::http::Application::Admission Router::admit(const Request& head) {
    Admission admission;
    if (is_demo(head))
        return admission;
    if (const Route* route = find_route(head)) {
        admission.pool = route->pool;
        return admission;
    }
    const Call call{head, m_services, "", {}, {}, {}, {}};
    const std::string allowed = allowed_methods(head);
    admission.refusal = allowed.empty() ? reply::error(call, 404, "not_found", "there is nothing here")
                                        : reply::error(call, 405, "method_not_allowed", "this is not done here");
    if (!allowed.empty())
        admission.refusal->headers.set("Allow", allowed);
    return admission;
}

Response Router::handle(const Request& request) {
    Call call{request, m_services, m_proxies.client_address(request), {}, {}, {}, {}};
    platform::log::set_client_address(call.client_address);
    if (call.client_address != request.peer_address) // the front's line has the proxy's
        platform::log::info("forwarded", {{"client", call.client_address}});
    if (is_demo(request))
        return handlers::demo(call);
    const Route* route = find_route(request);
    Response response =
        route == nullptr ? reply::error(call, 404, "not_found", "there is nothing here") : run(*route, call);
    if (route != nullptr &&
        (route->caller == Caller::agent || (route->caller == Caller::client && call.client == nullptr)))
        response.headers.set("DPoP-Nonce", m_services.proofs.nonce());
    if (m_services.secure)
        response.headers.set("Strict-Transport-Security", "max-age=31536000; includeSubDomains");
    return response;
}

} // namespace keyfob::server::http
