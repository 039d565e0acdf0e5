#include "agent/vault/account_choice.h"

#include "agent/api/error_code.h"

namespace keyfob::agent::vault {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

bool fits_name(const Account& account, const std::string& name) {
    const std::string whole = account.name();
    const std::string user = whole.substr(0, whole.size() - account.server.authority().size() - 1);
    return name.empty() || name == whole || name == user || name == account.server.authority() ||
           name == account.server.text();
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
    if (fitting.size() == 1)
        return fitting[0];
    std::string names;
    for (const AccountPtr& account : fitting)
        names += (names.empty() ? "" : ", ") + account->name();
    return Error{ErrorKind::invalid, "more than one account fits: " + names, "say which by --account NAME",
                 api::k_usage};
}

} // namespace keyfob::agent::vault
