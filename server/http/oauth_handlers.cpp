#include "platform/json.h"
#include "server/api/routes.h"
#include "server/api/secure_session.h"
#include "server/http/handlers.h"
#include "server/http/reply.h"

#include <Poco/JSON/Array.h>

namespace keyfob::server::http::handlers {
namespace {

using platform::Error;
using platform::ErrorKind;

static_assert(signin::k_renewal_proof_type == api::k_proof_type); // the rules may not include the contract

Poco::JSON::Array array_of(std::initializer_list<const char*> texts) {
    Poco::JSON::Array array;
    for (const char* text : texts)
        array.add(std::string(text));
    return array;
}

void add_cookie_and_challenge(Response& response, const Call& call, const signin::IssuedCookie& issued) {
    reply::set_cookie(response, call.services, call.services.cookie_name(), issued.cookie.reveal(), issued.expires_in);
    response.headers.set(api::k_challenge_header,
                         "\"" + issued.challenge + "\";id=\"" + issued.owner.session.id + "\"");
}

Poco::JSON::Object user_object(const signin::User& user) {
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("issuer", user.issuer);
    object.set("subject", user.subject);
    object.set("name", user.name);
    object.set("email", user.email);
    object.set("provider", user.provider);
    return object;
}

platform::Result<signin::IssuedCookie> redeem_code(const Call& call) {
    return call.services.sessions.redeem(
        {call.form.get("code"), call.form.get("code_verifier"), call.form.get("redirect_uri"), call.proof->thumbprint});
}

platform::Result<signin::IssuedCookie> poll_device(const Call& call) {
    return call.services.devices->poll(
        {call.form.get("device_code"), call.form.get("code_verifier"), call.proof->thumbprint});
}

} // namespace

Response metadata(const Call& call) {
    const std::string& base = call.services.external_url;
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("issuer", base);
    object.set("authorization_endpoint", base + api::k_authorize_path);
    object.set("token_endpoint", base + api::k_token_path);
    object.set("pushed_authorization_request_endpoint", base + api::k_par_path);
    object.set("revocation_endpoint", base + api::k_revoke_path);
    object.set(api::k_preflight_endpoint_member, base + api::k_preflight_path);
    object.set(api::k_refresh_endpoint_member, base + api::k_refresh_path);
    object.set(api::k_cancel_endpoint_member, base + api::k_cancel_path);
    if (!call.services.resource_servers.empty()) {
        object.set("introspection_endpoint", base + api::k_introspect_path);
        object.set("introspection_endpoint_auth_methods_supported",
                   array_of({"client_secret_basic", "client_secret_post"}));
    }
    object.set("response_types_supported", array_of({"code"}));
    object.set("response_modes_supported", array_of({"query"}));
    const bool has_devices = call.services.devices != nullptr;
    if (has_devices)
        object.set(api::k_device_authorization_member, base + api::k_device_authorization_path);
    object.set("grant_types_supported", has_devices ? array_of({"authorization_code", api::k_device_grant_type})
                                                    : array_of({"authorization_code"}));
    object.set("code_challenge_methods_supported", array_of({"S256"}));
    object.set("dpop_signing_alg_values_supported", array_of({"ES256"}));
    object.set("token_endpoint_auth_methods_supported", array_of({"none"}));
    object.set("revocation_endpoint_auth_methods_supported", array_of({"none"}));
    object.set("require_pushed_authorization_requests", call.services.clients.empty()); // the agent always pushes
    object.set("authorization_response_iss_parameter_supported", true);
    Response response = reply::json(200, object);
    response.headers.set("DPoP-Nonce",
                         call.services.proofs.nonce()); // saves the agent the round trip of use_dpop_nonce
    return response;
}

Response push(const Call& call) {
    if (call.client != nullptr)
        return push_client(call);
    const platform::Parameters& form = call.form;
    if (form.get("response_type") != "code" || form.get("code_challenge_method") != "S256")
        return reply::error(call, 400, "invalid_request", "response_type must be code, code_challenge_method S256");
    const auto pushed =
        call.services.pairings.push({platform::json::to_text(*call.proof->key.public_jwk()), call.proof->thumbprint,
                                     form.get("device_name"), form.get("device_os"), call.client_address,
                                     form.get("code_challenge"), form.get("redirect_uri"), form.get("state")});
    if (!pushed)
        return reply::failure(call, pushed.error().kind == ErrorKind::denied ? 429 : 400, pushed.error());
    return reply::pushed(*pushed);
}

Response cancel(const Call& call) {
    const auto count = call.services.pairings.cancel(call.proof->thumbprint);
    if (!count)
        return reply::failure(call, 400, count.error());
    Poco::JSON::Object object;
    object.set("cancelled", *count);
    return reply::json(200, object);
}

Response token(const Call& call) {
    if (call.client != nullptr)
        return token_client(call);
    const bool is_device = call.services.devices != nullptr && call.form.get("grant_type") == api::k_device_grant_type;
    if (!is_device && call.form.get("grant_type") != "authorization_code")
        return reply::error(call, 400, "unsupported_grant_type", "grant_type must be authorization_code");
    const auto issued = is_device ? poll_device(call) : redeem_code(call);
    if (!issued)
        return reply::failure(call, 400, issued.error());
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("token_type", api::k_token_type);
    object.set("session_id", issued->owner.session.id);
    object.set("issuer", call.services.external_url);
    object.set("cookie_name", call.services.cookie_name());
    object.set("expires_in", issued->expires_in);
    object.set("session_expires_at", issued->owner.session.expires_at);
    object.set("user", user_object(issued->owner.user));
    Response response = reply::json(200, object);
    add_cookie_and_challenge(response, call, *issued);
    return response;
}

Response revoke(const Call& call) {
    if (call.client != nullptr)
        return revoke_client(call);
    const auto revoked = call.services.sessions.revoke(call.form.get("token"), call.proof->thumbprint);
    if (!revoked)
        return reply::failure(call, 400, revoked.error());
    return reply::json(200, Poco::JSON::Object());
}

Response refresh(const Call& call) {
    const auto& headers = call.request.headers;
    const auto ids = headers.all(api::k_session_id_header);
    const auto proofs = headers.all(api::k_response_header);
    if (ids.size() != 1 || proofs.size() > 1)
        return reply::error(call, 400, "invalid_request", "one session id and at most one proof are needed");
    const std::string id(ids[0]);
    const std::string proof = proofs.empty() ? std::string() : std::string(proofs[0]);
    const auto renewal = call.services.sessions.renew(id, proof, call.services.external_url + api::k_refresh_path);
    if (!renewal)
        return reply::failure(call, 401, renewal.error());
    if (!renewal->issued) {
        Response response = reply::error(call, 403, api::k_error_challenge, "sign the challenge of this answer");
        response.headers.set(api::k_challenge_header, "\"" + renewal->challenge + "\";id=\"" + id + "\"");
        return response;
    }
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("expires_in", renewal->issued->expires_in);
    object.set("session_expires_at", renewal->issued->owner.session.expires_at);
    Response response = reply::json(200, object);
    add_cookie_and_challenge(response, call, *renewal->issued);
    return response;
}

} // namespace keyfob::server::http::handlers
