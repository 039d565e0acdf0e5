#include "platform/digest.h"
#include "platform/json.h"
#include "server/api/routes.h"
#include "server/http/browser_replies.h"
#include "server/http/device_pages.h"
#include "server/http/handlers.h"

namespace keyfob::server::http::handlers {
namespace {

using platform::Error;
using platform::ErrorKind;
using signin::FlowSecret;

constexpr std::int64_t k_form_cookie_seconds = 600;

Response off(const Call& call) {
    return reply::error(call, 404, "not_found", "there is nothing here");
}

/// What ties the form to this browser before there is a flow: the same construction as that of flows (SE-15).
std::string form_cookie_name(const Call& call) {
    return call.services.cookie_name() + "-device";
}

std::optional<FlowSecret> form_secret(const Call& call) {
    const auto text = call.request.cookie(form_cookie_name(call));
    return text ? FlowSecret::from_cookie(*text) : std::nullopt;
}

/// The query is never looked at: a link cannot fill the form in.
Response form(const Call& call, int status, const std::string& problem) {
    const auto known = form_secret(call);
    const FlowSecret secret = known ? *known : call.services.devices->make_secret();
    Response response = reply::form_page(pages::enter_user_code(secret.csrf_token(), problem));
    response.status = status;
    reply::set_cookie(response, call.services, form_cookie_name(call), secret.cookie_text(), k_form_cookie_seconds);
    return response;
}

Response refusal(const Call& call, const Error& error) {
    if (error.kind == ErrorKind::not_found)
        return form(call, 400,
                    "This code is not known. Look at it once more; it is good for ten minutes, and for one use.");
    if (error.kind != ErrorKind::denied)
        return failure_page(call, error);
    Response response = form(call, 429, "There were too many wrong codes. Wait a few minutes, then try again.");
    response.headers.set("Retry-After", "120");
    return response;
}

signin::DeviceRequest request_of(const Call& call) {
    signin::DeviceRequest request;
    request.client_address = call.client_address;
    if (call.client != nullptr) {
        request.client_id = call.client->id;
        request.device_name = call.client->name;
        return request;
    }
    request.device_key = platform::json::to_text(*call.proof->key.public_jwk());
    request.device_thumbprint = call.proof->thumbprint;
    request.device_name = call.form.get("device_name");
    request.device_os = call.form.get("device_os");
    request.code_challenge = call.form.get("code_challenge");
    return request;
}

} // namespace

Response authorize_device(const Call& call) {
    if (call.services.devices == nullptr)
        return off(call);
    if (call.client != nullptr && !call.client->device_grant)
        return reply::error(call, 400, "unauthorized_client", "the device grant is not allowed for this client");
    if (call.client != nullptr && !call.form.get("scope").empty()) // as with codes: it would be dropped
        return reply::error(call, 400, "invalid_scope", "there are no scopes here");
    if (call.client == nullptr && call.form.get("code_challenge_method") != "S256")
        return reply::error(call, 400, "invalid_request", "code_challenge_method must be S256");
    const auto begun = call.services.devices->authorize(request_of(call));
    if (!begun)
        return reply::failure(call, begun.error().kind == ErrorKind::denied ? 429 : 400, begun.error());
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("device_code", begun->device_code);
    object.set("user_code", begun->user_code);
    object.set("verification_uri", call.services.external_url + api::k_device_path);
    object.set("expires_in", begun->expires_in);
    object.set("interval", begun->interval);
    return reply::json(200, object);
}

Response show_device_form(const Call& call) {
    return call.services.devices == nullptr ? off(call) : form(call, 200, "");
}

Response enter_user_code(const Call& call) {
    if (call.services.devices == nullptr)
        return off(call);
    const auto secret = form_secret(call);
    if (!secret || !platform::constant_time_equal(secret->csrf_token(), call.form.get("csrf")))
        return form(call, 403, "This form was not made for this browser, or is too old. Type the code again.");
    const auto flow = call.services.devices->enter(call.form.get("user_code"), call.client_address);
    if (!flow)
        return refusal(call, flow.error());
    // To a page in any case, also where there is one provider alone: it shows the device before anybody signs in, and Chromium would apply
    // the form-action of ours to the redirect to a provider.
    Response response =
        reply::see_other(call.services.external_url + api::k_authorize_path + "?flow=" + flow->pairing.flow_id);
    set_flow_cookie(response, call, *flow);
    reply::set_cookie(response, call.services, form_cookie_name(call), "", 0);
    return response;
}

} // namespace keyfob::server::http::handlers
