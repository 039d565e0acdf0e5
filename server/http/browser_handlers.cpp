#include "server/api/routes.h"
#include "server/http/browser_replies.h"
#include "server/http/device_pages.h"
#include "server/http/handlers.h"
#include "server/http/pages.h"
#include "server/http/reply.h"

#include <cstring>

namespace keyfob::server::http::handlers {
namespace {

constexpr std::string_view k_slow_down = "slow_down";

/// A device grant's browser has nowhere to go: the terminal is elsewhere, and asks by itself.
Response go(const std::string& url) {
    return url.empty() ? reply::page(200, pages::device_refused()) : reply::see_other(url);
}

Response to_provider(const Call& call, const signin::Flow& flow, const std::string& provider) {
    const auto url = call.services.pairings.provider_url(flow, provider);
    return url ? go(*url) : failure_page(call, url.error());
}

std::string flow_url(const Call& call, const std::string& path, const signin::Flow& flow) {
    return call.services.external_url + path + "?flow=" + flow.pairing.flow_id;
}

/// The only provider there is. The agent's answer is used up, so a page that is to be loaded again has to be that of the flow.
Response to_only_provider(const Call& call, const signin::Flow& flow) {
    const std::string& provider = call.services.providers.all()[0]->id();
    const auto url = call.services.pairings.provider_url(flow, provider);
    if (!url && url.error().code == k_slow_down)
        return reply::see_other(flow_url(call, api::k_authorize_path + ("/" + provider), flow));
    return url ? reply::see_other(*url) : failure_page(call, url.error());
}

Response to_providers(const Call& call, const signin::Flow& flow) {
    if (call.services.providers.all().size() > 1) // by a page that can be loaded again, which this one cannot
        return reply::see_other(flow_url(call, api::k_authorize_path, flow));
    return to_only_provider(call, flow);
}

/// `client`: whose request it is; null: our agent's, which has to show first that it is behind this browser.
Response begin(const Call& call, const std::string& request_uri, const signin::Client* client) {
    const auto begun = call.services.pairings.begin(request_uri, call.client_address, client);
    if (!begun)
        return failure_page(call, begun.error());
    const signin::Flow& flow = begun->flow;
    Response response = client == nullptr ? reply::see_other(begun->preflight_url) : to_providers(call, flow);
    set_flow_cookie(response, call, flow);
    return response;
}

/// A plain authorization request is a push that its browser makes and uses at once.
Response authorize_client(const Call& call, const signin::Client& client) {
    const auto request = signin::ClientRequest::of(call.query, call.client_address);
    if (!signin::check_redirect(client, request)) // AS-18
        return message(call, 400, "Not a sign-in",
                       "The program that opened this address asks for an answer at a place that is not its own.",
                       "Nothing was signed in. Tell its maker, or whoever runs this server.");
    const auto pushed = call.services.pairings.push(client, request);
    if (pushed)
        return begin(call, pushed->request_uri, &client);
    if (pushed.error().kind == platform::ErrorKind::invalid)
        return reply::see_other(signin::error_url(request, pushed.error(), call.services.external_url));
    return failure_page(call, pushed.error());
}

Response choose_provider(const Call& call) {
    const auto flow = call.services.pairings.find(call.query.get("flow"), call.flow_cookie());
    if (!flow)
        return failure_page(call, flow.error());
    if (flow->pairing.is_device_grant())
        return reply::page(200, pages::choose_provider_for_device(call.services.providers, *flow,
                                                                  platform::to_unix(call.services.clock.now())));
    return reply::page(200, pages::choose_provider(call.services.providers, *flow));
}

} // namespace

/// With a request_uri: a browser comes from the agent's start page, and is sent to the agent to show that it is the same machine. With a flow:
/// that browser again, to choose a provider. Else: a standard client's.
Response authorize(const Call& call) {
    const auto& query = call.query;
    if (query.all().size() == 1 && query.find("flow") != nullptr)
        return choose_provider(call);
    const signin::Client* client = call.services.clients.find(query.get("client_id"));
    if (client != nullptr && query.find("request_uri") == nullptr)
        return authorize_client(call, *client);
    const bool is_known = client != nullptr || query.get("client_id") == api::k_agent_client_id;
    if (query.all().size() != 2 || !is_known || query.get("request_uri").empty())
        return message(call, 400, "Not a sign-in",
                       "This address is opened by the keyfob agent, with a request of its own.",
                       "Start in the terminal.");
    return begin(call, query.get("request_uri"), client);
}

Response preflight(const Call& call) {
    const auto flow = call.services.pairings.prove(call.query.get("proof"), call.flow_cookie());
    return flow ? to_providers(call, *flow) : failure_page(call, flow.error());
}

Response authorize_with(const Call& call) {
    const std::string provider = call.request.path.substr(std::strlen(api::k_authorize_path) + 1);
    const auto flow = call.services.pairings.find(call.query.get("flow"), call.flow_cookie());
    return flow ? to_provider(call, *flow, provider) : failure_page(call, flow.error());
}

Response callback(const Call& call) {
    const std::string provider = call.request.path.substr(std::strlen(api::k_callback_path) + 1);
    const auto outcome = call.services.pairings.finish_upstream(provider, call.query, call.flow_cookie());
    if (!outcome)
        return failure_page(call, outcome.error());
    // No redirect: the provider's own page may forbid its form to end anywhere but here, and Chromium holds it to that along all redirects.
    if (outcome->flow_id.empty()) {
        Response response = outcome->agent_url.empty() ? go("") : reply::page(200, pages::go_on(outcome->agent_url));
        keep_flow_cookie(response, call, signin::flow_id_of(call.query.get("state")));
        return response;
    }
    return reply::see_other(call.services.external_url + api::k_confirm_path + "?flow=" + outcome->flow_id);
}

Response show_confirmation(const Call& call) {
    const auto shown = call.services.pairings.confirmation(call.query.get("flow"), call.flow_cookie());
    if (!shown)
        return failure_page(call, shown.error());
    const std::int64_t now = platform::to_unix(call.services.clock.now());
    if (shown->pairing.is_device_grant())
        return reply::form_page(pages::confirm_device(*shown, now));
    Response response = reply::form_page(pages::confirm(*shown, now));
    // Chromium applies form-action to the redirect that answers the form, so the listener is named, and it alone (WH-02).
    const auto redirect = platform::Url::parse(shown->pairing.redirect_uri);
    if (redirect)
        response.headers.set("Content-Security-Policy",
                             "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
                             "form-action 'self' http://127.0.0.1:" +
                                 std::to_string(redirect->origin.port));
    return response;
}

Response decide(const Call& call) {
    const std::string decision = call.form.get("decision");
    const std::string flow_id = call.form.get("flow");
    if (decision != "approve" && decision != "decline")
        return message(call, 400, "Not understood", "The form has neither approval nor refusal.",
                       "Go back and choose.");
    const auto url =
        call.services.pairings.decide(flow_id, call.flow_cookie(), call.form.get("csrf"), decision == "approve");
    if (!url)
        return failure_page(call, url.error());
    const bool is_device = url->empty();
    Response response = is_device && decision == "approve" ? reply::page(200, pages::device_approved()) : go(*url);
    keep_flow_cookie(response, call, flow_id);
    return response;
}

Response style_sheet(const Call&) {
    Response response;
    response.headers.set("Content-Type", "text/css; charset=utf-8");
    response.headers.set("Cache-Control", "max-age=3600");
    response.body = pages::style_sheet();
    return response;
}

Response demo(const Call& call) {
    if (call.services.demo)
        if (auto response = call.services.demo(call.request))
            return std::move(*response);
    return reply::error(call, 404, "not_found", "there is nothing here");
}

} // namespace keyfob::server::http::handlers
