#pragma once

#include "agent/vault/keychain.h"
#include "platform/jose/ec_key.h"
#include "platform/result.h"
#include "platform/secret_string.h"
#include "platform/url.h"
#include "server/api/client.h"

#include <cstdint>
#include <string>

namespace keyfob::agent::vault {

/// What a name says of its account: no more than sets it apart from the others.
enum class NameForm {
    plain,    ///< ann@example.com@app.example.com
    provider, ///< company:ann@example.com@app.example.com
    subject,  ///< company:248289761001@app.example.com
};

/// One user signed in at one server on this device, with everything that lends and renews its session. Times are unix seconds.
struct Account {
    std::string id; ///< of (server, issuer, subject): a new sign-in of the same user replaces the old one
    platform::Origin server;
    server::api::UserInfo user;
    std::string session_id;
    std::int64_t session_expires_at = 0;
    std::string cookie_name;
    platform::SecretString cookie;
    std::int64_t cookie_expires_at = 0;
    std::int64_t cookie_renewed_at = 0;
    std::string challenge; ///< for the next renewal
    platform::jose::EcKey key;

    bool ended = false;      ///< the server said so; kept to tell it, until the next sign-in
    bool handed_out = false; ///< since the last renewal
    NameForm name_form = NameForm::plain;

    /// What people call it, in the form that the store chose.
    [[nodiscard]] std::string name() const { return name(name_form); }
    [[nodiscard]] std::string name(NameForm form) const { return user_part(form) + "@" + server.authority(); }
    [[nodiscard]] std::string user_part(NameForm form) const;
};

[[nodiscard]] Account make_account(const platform::Origin& server, server::api::SessionGrant grant,
                                   platform::jose::EcKey key, std::int64_t now);
/// Puts a fresh cookie in. Times beyond all reason, which only a broken server gives, are cut to what can be reckoned with.
void renew_account(Account& account, server::api::CookieGrant grant, std::int64_t now);

[[nodiscard]] KeychainItem to_item(const Account& account);
[[nodiscard]] platform::Result<Account> from_item(const KeychainItem& item); ///< Errors: invalid (not ours, or damaged)

} // namespace keyfob::agent::vault
