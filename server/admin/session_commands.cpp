#include "server/admin/command.h"

#include <algorithm>

#include <unistd.h>

namespace keyfob::server::admin {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using signin::SessionWithUser;

Poco::JSON::Object object_of(const SessionWithUser& owner) {
    const auto& [session, user] = owner;
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("id", signin::session_name(session.id));
    object.set("user_id", user.id);
    object.set("email", user.email);
    object.set("device_name", session.device_name);
    object.set("device_os", session.device_os);
    object.set("address", session.client_address);
    object.set("class", session.session_class);
    object.set("key", session.key_kind);
    object.set("created_at", session.created_at);
    object.set("renewed_at", session.renewed_at);
    object.set("expires_at", session.expires_at);
    return object;
}

/// Of --user, or of everybody.
Result<std::vector<SessionWithUser>> sessions_meant(const Context& context) {
    std::int64_t user_id = 0;
    if (const auto text = context.arguments.value("user")) {
        KEYFOB_TRY_ASSIGN(const signin::User user, find_user(*context.administration, *text));
        user_id = user.id;
    }
    return context.administration->sessions(user_id, context.idle_since(), context.now());
}

Result<std::vector<SessionWithUser>> one_of(std::vector<SessionWithUser> sessions, const std::string& name) {
    constexpr std::size_t k_shortest_name = 6;
    std::erase_if(sessions, [&](const SessionWithUser& owner) {
        return name.size() < k_shortest_name || !signin::session_name(owner.session.id).starts_with(name);
    });
    if (sessions.size() == 1)
        return sessions;
    return Error{ErrorKind::not_found,
                 (sessions.empty() ? "there is no live session " : "several sessions begin with ") + name,
                 "keyfob-server sessions list shows all of them; six letters of an ID are needed"};
}

} // namespace

Result<void> sessions_list(const Context& context) {
    KEYFOB_TRY_ASSIGN(const auto sessions, sessions_meant(context));
    std::vector<std::vector<std::string>> rows{
        {"ID", "USER", "DEVICE", "OS", "ADDRESS", "CLASS", "KEY", "CREATED", "LAST RENEWED", "ENDS"}};
    for (const SessionWithUser& owner : sessions) {
        const auto& [session, user] = owner;
        if (context.output.is_json())
            context.output.object(object_of(owner));
        rows.push_back({signin::session_name(session.id), user.email.empty() ? user.subject : user.email,
                        session.device_name, session.device_os, session.client_address, session.session_class,
                        session.key_kind == "none" ? "unbound" : session.key_kind, time_text(session.created_at),
                        time_text(session.renewed_at), time_text(session.expires_at)});
    }
    if (!context.output.is_json())
        context.output.table(rows);
    return {};
}

Result<void> sessions_revoke(const Context& context) {
    if (context.operand.empty() != context.arguments.has("user"))
        return platform::usage_error("which sessions?", "name one by its ID, or all of one user by --user");
    KEYFOB_TRY_ASSIGN(auto sessions, sessions_meant(context));
    if (!context.operand.empty()) {
        KEYFOB_TRY_ASSIGN(sessions, one_of(std::move(sessions), context.operand));
    }
    const std::string detail = "by an operator, uid " + std::to_string(::getuid());
    for (const SessionWithUser& owner : sessions) {
        KEYFOB_TRY_ASSIGN([[maybe_unused]] const bool changed,
                          context.administration->revoke(owner.session, detail, context.now()));
        context.output.say("session " + signin::session_name(owner.session.id) + " of " +
                           (owner.user.email.empty() ? owner.user.subject : owner.user.email) + " on " +
                           owner.session.device_name + " has ended");
    }
    if (sessions.empty())
        context.output.say("there was no live session");
    return {};
}

} // namespace keyfob::server::admin
