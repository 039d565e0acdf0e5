#pragma once

#include "agent/vault/account.h"
#include "platform/json_value.h"

namespace keyfob::agent::handlers {

/// What commands are told about an account: no secret.
[[nodiscard]] inline platform::json::Value account_object(const vault::Account& account) {
    using platform::json::make_object;
    const auto& user = account.user;
    return make_object("name", account.name(), "server", account.server.text(), //
                       "user",
                       make_object("issuer", user.issuer, "subject", user.subject, "name", user.name, //
                                   "email", user.email, "provider", user.provider),
                       "session_id", account.session_id,                 //
                       "session_expires_at", account.session_expires_at, //
                       "cookie_expires_at", account.cookie_expires_at,   //
                       "key", "software", "state", account.ended ? "ended" : "signed_in");
}

} // namespace keyfob::agent::handlers
