#pragma once

#include "agent/vault/account.h"

#include <Poco/JSON/Object.h>

namespace keyfob::agent::handlers {

/// What commands are told about an account: no secret.
[[nodiscard]] inline Poco::JSON::Object::Ptr account_object(const vault::Account& account) {
    Poco::JSON::Object::Ptr user(new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER));
    user->set("issuer", account.user.issuer);
    user->set("subject", account.user.subject);
    user->set("name", account.user.name);
    user->set("email", account.user.email);
    user->set("provider", account.user.provider);
    Poco::JSON::Object::Ptr object(new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER));
    object->set("name", account.name());
    object->set("server", account.server.text());
    object->set("user", user);
    object->set("session_id", account.session_id);
    object->set("session_expires_at", account.session_expires_at);
    object->set("cookie_expires_at", account.cookie_expires_at);
    object->set("key", "software");
    object->set("state", account.ended ? "ended" : "signed_in");
    return object;
}

} // namespace keyfob::agent::handlers
