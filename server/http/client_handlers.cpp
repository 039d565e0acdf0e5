#include "platform/encoding.h"
#include "server/api/routes.h"
#include "server/http/handlers.h"
#include "server/http/reply.h"

namespace keyfob::server::http::handlers {
namespace {

using platform::ErrorKind;

/// Of all users of all providers, and for good: two providers may have the same subject (RP-12). A URI, as RFC 7519 section 2 wants it of what
/// has a colon; an issuer has no fragment.
std::string subject_of(const signin::User& user) {
    return user.issuer + "#" + platform::percent_encode(user.subject);
}

std::string username_of(const signin::User& user) {
    if (!user.email.empty())
        return user.email;
    return user.name.empty() ? user.subject : user.name;
}

} // namespace

Response push_client(const Call& call) {
    if (call.form.find("request_uri") != nullptr) // RFC 9126 section 2.1
        return reply::error(call, 400, "invalid_request", "a request_uri cannot be pushed");
    const auto pushed =
        call.services.pairings.push(*call.client, signin::ClientRequest::of(call.form, call.client_address));
    if (!pushed)
        return reply::failure(call, pushed.error().kind == ErrorKind::denied ? 429 : 400, pushed.error());
    return reply::pushed(*pushed);
}

Response token_client(const Call& call) {
    const bool is_device = call.services.devices != nullptr && call.client->device_grant &&
                           call.form.get("grant_type") == api::k_device_grant_type;
    if (!is_device && call.form.get("grant_type") != "authorization_code")
        return reply::error(call, 400, "unsupported_grant_type", "grant_type must be authorization_code");
    const auto issued =
        is_device ? call.services.devices->poll(*call.client, call.form.get("device_code"))
                  : call.services.tokens.redeem(*call.client, {call.form.get("code"), call.form.get("code_verifier"),
                                                               call.form.get("redirect_uri")});
    if (!issued)
        return reply::failure(call, 400, issued.error());
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("access_token", std::string(issued->token.reveal()));
    object.set("token_type", api::k_bearer_token_type);
    object.set("expires_in", issued->expires_in);
    return reply::json(200, object);
}

Response revoke_client(const Call& call) {
    const std::string* token = call.form.find("token");
    if (token == nullptr)
        return reply::error(call, 400, "invalid_request", "the token is missing");
    const auto revoked = call.services.tokens.revoke(*call.client, *token);
    if (!revoked)
        return reply::failure(call, 400, revoked.error());
    return reply::json(200, Poco::JSON::Object());
}

Response introspect(const Call& call) {
    const std::string* token = call.form.find("token");
    if (token == nullptr)
        return reply::error(call, 400, "invalid_request", "the token is missing");
    const auto owner = call.services.tokens.authenticate(*token);
    if (!owner)
        return reply::failure(call, 503, owner.error());
    const bool active = *owner != nullptr && call.resource_server->is_for((*owner)->session.client_id);
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("active", active); // and nothing else of one that is not (RFC 7662 section 2.2)
    if (!active)
        return reply::json(200, object);
    const auto& [session, user] = **owner;
    object.set("iss", call.services.external_url);
    object.set("aud", call.resource_server->id);
    object.set("sub", subject_of(user));
    object.set("username", username_of(user));
    object.set("client_id", session.client_id);
    object.set("token_type", api::k_bearer_token_type);
    object.set("iat", session.created_at);
    object.set("exp", session.expires_at);
    return reply::json(200, object);
}

} // namespace keyfob::server::http::handlers
