#include "agent/vault/account.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/json.h"

#include <algorithm>

namespace keyfob::agent::vault {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::SecretString;
using Poco::JSON::Object;
namespace json = platform::json;

constexpr int k_version = 1;                               ///< of the secret's form
constexpr std::int64_t k_longest_life = 366LL * 24 * 3600; ///< seconds, of a cookie
constexpr std::int64_t k_last_time = 253'402'300'799;      ///< the end of the year 9999

std::int64_t reasonable_time(std::int64_t seconds) {
    return std::clamp<std::int64_t>(seconds, 0, k_last_time);
}

std::string account_id(const platform::Origin& server, const server::api::UserInfo& user) {
    return platform::base64url_encode(platform::sha256(server.text() + "\n" + user.issuer + "\n" + user.subject))
        .substr(0, 22);
}

std::string user_text(const server::api::UserInfo& user) {
    if (!user.email.empty())
        return user.email;
    return user.name.empty() ? user.subject : user.name;
}

} // namespace

std::string Account::user_part(NameForm form) const {
    const std::string provider = user.provider.empty() ? "" : user.provider + ":";
    switch (form) {
    case NameForm::plain:
        return user_text(user);
    case NameForm::provider:
        return provider + user_text(user);
    case NameForm::subject:
        return provider + user.subject;
    }
    return user.subject;
}

Account make_account(const platform::Origin& server, server::api::SessionGrant grant, platform::jose::EcKey key,
                     std::int64_t now) {
    Account account{
        account_id(server, grant.user), server, grant.user, grant.session_id, 0, "", {}, 0, 0, "", std::move(key)};
    renew_account(account, std::move(grant.cookie), now);
    return account;
}

void renew_account(Account& account, server::api::CookieGrant grant, std::int64_t now) {
    account.cookie_name = std::move(grant.cookie_name);
    account.cookie = std::move(grant.cookie);
    account.cookie_expires_at = now + std::clamp<std::int64_t>(grant.expires_in, 0, k_longest_life);
    account.cookie_renewed_at = now;
    account.session_expires_at = reasonable_time(grant.session_expires_at);
    account.challenge = std::move(grant.challenge);
    account.handed_out = false;
}

/// AG-07: the text is wiped when it goes; the copies in Poco's object are freed here, but cannot be wiped.
KeychainItem to_item(const Account& account) {
    Object secret(Poco::JSON_PRESERVE_KEY_ORDER);
    secret.set("version", k_version);
    secret.set("server", account.server.text());
    secret.set("issuer", account.user.issuer);
    secret.set("subject", account.user.subject);
    secret.set("name", account.user.name);
    secret.set("email", account.user.email);
    secret.set("provider", account.user.provider);
    secret.set("session_id", account.session_id);
    secret.set("session_expires_at", account.session_expires_at);
    secret.set("cookie_name", account.cookie_name);
    secret.set("cookie", std::string(account.cookie.reveal()));
    secret.set("cookie_expires_at", account.cookie_expires_at);
    secret.set("cookie_renewed_at", account.cookie_renewed_at);
    secret.set("challenge", account.challenge);
    secret.set("device_key", std::string(account.key.private_pem().reveal()));
    return {account.id,
            "Keyfob: " + account.name(),
            {{"server", account.server.text()}, {"user", user_text(account.user)}},
            SecretString(json::to_text(secret))};
}

Result<Account> from_item(const KeychainItem& item) {
    KEYFOB_TRY_ASSIGN(const auto secret, json::parse_object(item.secret.reveal()));
    const auto text = [&](const char* name) { return json::get_string(*secret, name).value_or(""); };
    const auto number = [&](const char* name) { return json::get_integer(*secret, name).value_or(0); };
    if (number("version") != k_version)
        return Error{ErrorKind::invalid, "the keychain item is of another version"};
    KEYFOB_TRY_ASSIGN(const auto server, platform::Url::parse(text("server") + "/"));
    const SecretString pem(text("device_key"));
    KEYFOB_TRY_ASSIGN(auto key, platform::jose::EcKey::from_private_pem(pem.reveal()));
    const server::api::UserInfo user{text("issuer"), text("subject"), text("name"), text("email"), text("provider")};
    Account account{account_id(server.origin, user),
                    server.origin,
                    user,
                    text("session_id"),
                    reasonable_time(number("session_expires_at")),
                    text("cookie_name"),
                    SecretString(text("cookie")),
                    reasonable_time(number("cookie_expires_at")),
                    reasonable_time(number("cookie_renewed_at")),
                    text("challenge"),
                    std::move(key)};
    if (account.session_id.empty() || account.user.subject.empty() || account.cookie_name.empty())
        return Error{ErrorKind::invalid, "the keychain item is damaged"};
    return account;
}

} // namespace keyfob::agent::vault
