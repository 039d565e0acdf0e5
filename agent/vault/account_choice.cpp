#include "agent/vault/account_choice.h"

#include "agent/api/error_code.h"

#include <algorithm>
#include <functional>

namespace keyfob::agent::vault {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

bool fits_name(const Account& account, const std::string& name) {
    if (name.empty() || name == account.server.authority() || name == account.server.text())
        return true;
    for (const NameForm form : {NameForm::plain, NameForm::provider, NameForm::subject})
        if (name == account.name(form) || name == account.user_part(form))
            return true;
    return false;
}

/// What has ended stands in nobody's way.
void prefer_live(std::vector<AccountPtr>& accounts) {
    const auto is_live = [](const AccountPtr& account) { return !account->ended; };
    if (std::any_of(accounts.begin(), accounts.end(), is_live))
        std::erase_if(accounts, std::not_fn(is_live));
}

Error none(const std::string& name, const std::optional<platform::Origin>& origin) {
    const std::string what = !name.empty() ? "no account \"" + name + "\"" : "nobody";
    const std::string where = origin ? " is signed in at " + origin->text() : " is signed in";
    const std::string server = origin ? origin->text() : "SERVER";
    return {ErrorKind::not_found, what + where, KEYFOB_CLI_NAME " login " + server, api::k_sign_in_needed};
}

} // namespace

Result<AccountPtr> choose_account(const std::vector<AccountPtr>& accounts, const std::string& name,
                                  const std::optional<platform::Origin>& origin) {
    std::vector<AccountPtr> fitting;
    for (const AccountPtr& account : accounts)
        if (fits_name(*account, name) && (!origin || account->server == *origin))
            fitting.push_back(account);
    if (fitting.empty())
        return none(name, origin);
    prefer_live(fitting);
    if (fitting.size() == 1)
        return fitting[0];
    std::string names;
    for (const AccountPtr& account : fitting)
        names += (names.empty() ? "" : ", ") + account->name();
    return Error{ErrorKind::invalid, "more than one account fits: " + names, "say which by --account NAME",
                 api::k_usage};
}

} // namespace keyfob::agent::vault
