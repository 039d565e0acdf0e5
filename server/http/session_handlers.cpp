#include "platform/encoding.h"
#include "server/api/routes.h"
#include "server/http/handlers.h"
#include "server/http/reply.h"

#include <Poco/JSON/Array.h>

#include <algorithm>

namespace keyfob::server::http::handlers {
namespace {

using platform::Result;
using signin::Session;

constexpr std::size_t k_shortest_name = 6; // so that nobody ends the wrong one by a slip

Poco::JSON::Object object_of(const Session& session, const Session& current) {
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("id", signin::session_name(session.id));
    object.set("device_name", session.device_name);
    object.set("device_os", session.device_os);
    object.set("address", session.client_address);
    object.set("class", session.session_class);
    object.set("key", session.key_kind);
    object.set("created_at", session.created_at);
    object.set("renewed_at", session.renewed_at);
    object.set("expires_at", session.expires_at);
    object.set("current", session.id == current.id);
    return object;
}

/// The sessions that a request means: `id`, which is the beginning of a name, or all but the caller's own.
Result<std::vector<Session>> sessions_meant(const Call& call, const signin::SessionWithUser& owner) {
    KEYFOB_TRY_ASSIGN(auto sessions, call.services.sessions.list(owner));
    const std::string name = call.form.get("id");
    std::erase_if(sessions, [&](const Session& session) {
        return name.empty() ? session.id == owner.session.id : !signin::session_name(session.id).starts_with(name);
    });
    if (name.empty() || (sessions.size() == 1 && name.size() >= k_shortest_name))
        return sessions;
    return platform::Error{platform::ErrorKind::not_found, "no session of yours, or more than one, begins with that",
                           "", api::k_error_unknown_session};
}

} // namespace

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

Response sessions(const Call& call) {
    const auto owner = call.services.sessions.own(call.form.get("session_id"), call.proof->thumbprint);
    if (!owner)
        return reply::failure(call, 400, owner.error());
    const auto all = call.services.sessions.list(*owner);
    if (!all)
        return reply::failure(call, 400, all.error());
    Poco::JSON::Array list;
    for (const Session& session : *all)
        list.add(object_of(session, owner->session));
    Poco::JSON::Object object;
    object.set("sessions", list);
    return reply::json(200, object);
}

Response revoke_sessions(const Call& call) {
    const auto owner = call.services.sessions.own(call.form.get("session_id"), call.proof->thumbprint);
    if (!owner)
        return reply::failure(call, 400, owner.error());
    if ((call.form.find("id") != nullptr) == (call.form.get("all_others") == "true"))
        return reply::error(call, 400, "invalid_request", "either id or all_others=true is needed");
    const auto meant = sessions_meant(call, *owner);
    if (!meant)
        return reply::failure(call, 400, meant.error());
    const auto count = call.services.sessions.revoke_all(*owner, *meant);
    if (!count)
        return reply::failure(call, 400, count.error());
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("revoked", *count);
    object.set("current", std::any_of(meant->begin(), meant->end(),
                                      [&](const Session& session) { return session.id == owner->session.id; }));
    return reply::json(200, object);
}

Response secured(const Call& call) {
    const signin::User& user = call.signed_in->user;
    std::string text = "Hello ";
    text += platform::printable(user.name.empty() ? user.subject : user.name);
    text += ", you are signed in";
    if (!user.email.empty())
        text.append(" as ").append(platform::printable(user.email));
    text.append(" (").append(platform::printable(user.provider)).append(").\n");
    return reply::text(200, std::move(text));
}

} // namespace keyfob::server::http::handlers
