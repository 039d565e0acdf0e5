#include "platform/encoding.h"
#include "server/admin/command.h"

#include <algorithm>
#include <charconv>

#include <unistd.h>

namespace keyfob::server::admin {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using signin::User;

Poco::JSON::Object object_of(const User& user) {
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("id", user.id);
    object.set("provider", user.provider);
    object.set("issuer", user.issuer);
    object.set("subject", user.subject);
    object.set("name", user.name);
    object.set("email", user.email);
    object.set("created_at", user.created_at);
    object.set("disabled", user.disabled);
    return object;
}

bool is_meant(const User& user, const std::string& text) {
    return std::to_string(user.id) == text || user.provider + ":" + user.subject == text ||
           (!user.email.empty() && platform::equal_ignoring_case(user.email, text));
}

std::string called(const User& user) {
    return "user " + std::to_string(user.id) + " (" + (user.email.empty() ? user.subject : user.email) + ")";
}

Result<void> set_disabled(const Context& context, bool disabled) {
    KEYFOB_TRY_ASSIGN(const User user, find_user(*context.administration, context.operand));
    const std::string detail = "by an operator, uid " + std::to_string(::getuid());
    KEYFOB_TRY_ASSIGN(const bool changed,
                      context.administration->set_disabled(user.id, disabled, detail, context.now()));
    const std::string state = disabled ? "disabled" : "enabled";
    context.output.say(called(user) + (changed ? " is " + state + " now" : " was " + state + " already") +
                       (changed && disabled ? "; all sessions have ended" : ""));
    return {};
}

} // namespace

Result<User> find_user(storage::Administration& administration, const std::string& text) {
    KEYFOB_TRY_ASSIGN(const auto users, administration.users());
    std::vector<User> found;
    std::copy_if(users.begin(), users.end(), std::back_inserter(found),
                 [&](const User& user) { return is_meant(user, text); });
    if (found.empty())
        return Error{ErrorKind::not_found, "there is no user " + text, "keyfob-server users list shows all of them"};
    if (found.size() > 1)
        return Error{ErrorKind::invalid, "several users are called " + text, "name one by its number"};
    return found[0];
}

Result<void> users_list(const Context& context) {
    KEYFOB_TRY_ASSIGN(const auto users, context.administration->users());
    std::vector<std::vector<std::string>> rows{{"ID", "PROVIDER:SUBJECT", "E-MAIL", "NAME", "FIRST SEEN", "STATE"}};
    for (const User& user : users) {
        if (context.output.is_json())
            context.output.object(object_of(user));
        rows.push_back({std::to_string(user.id), user.provider + ":" + user.subject, user.email, user.name,
                        time_text(user.created_at), user.disabled ? "disabled" : "enabled"});
    }
    if (!context.output.is_json())
        context.output.table(rows);
    return {};
}

Result<void> users_show(const Context& context) {
    KEYFOB_TRY_ASSIGN(const User user, find_user(*context.administration, context.operand));
    if (context.output.is_json()) {
        context.output.object(object_of(user));
        return {};
    }
    KEYFOB_TRY_ASSIGN(const auto sessions,
                      context.administration->sessions(user.id, context.idle_since(), context.now()));
    context.output.table({{"id", std::to_string(user.id)},
                          {"provider", user.provider},
                          {"issuer", user.issuer},
                          {"subject", user.subject},
                          {"name", user.name},
                          {"e-mail", user.email},
                          {"first seen", time_text(user.created_at)},
                          {"state", user.disabled ? "disabled" : "enabled"},
                          {"sessions", std::to_string(sessions.size())}});
    return {};
}

Result<void> users_disable(const Context& context) {
    return set_disabled(context, true);
}

Result<void> users_enable(const Context& context) {
    return set_disabled(context, false);
}

} // namespace keyfob::server::admin
