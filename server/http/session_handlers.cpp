#include "platform/encoding.h"
#include "server/http/handlers.h"
#include "server/http/reply.h"

namespace keyfob::server::http::handlers {

Response session(const Call& call) {
    const auto& [current, user] = *call.signed_in;
    Poco::JSON::Object who(Poco::JSON_PRESERVE_KEY_ORDER);
    who.set("issuer", user.issuer);
    who.set("subject", user.subject);
    who.set("name", user.name);
    who.set("email", user.email);
    who.set("provider", user.provider);
    Poco::JSON::Object what(Poco::JSON_PRESERVE_KEY_ORDER);
    what.set("id", current.id);
    what.set("device_name", current.device_name);
    what.set("created_at", current.created_at);
    what.set("renewed_at", current.renewed_at);
    what.set("expires_at", current.expires_at);
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("user", who);
    object.set("session", what);
    return reply::json(200, object);
}

Response secured(const Call& call) {
    const signin::User& user = call.signed_in->user;
    const std::string name = platform::printable(user.name.empty() ? user.subject : user.name);
    std::string text = "Hello " + name + ", you are signed in";
    if (!user.email.empty())
        text += " as " + platform::printable(user.email);
    return reply::text(200, text + " (" + platform::printable(user.provider) + ").\n");
}

} // namespace keyfob::server::http::handlers
