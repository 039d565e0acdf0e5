#pragma once

#include "agent/vault/account_store.h"
#include "platform/result.h"
#include "platform/url.h"

#include <optional>
#include <string>
#include <vector>

namespace keyfob::agent::vault {

/// The one account that is meant. `name` may be empty, the account's whole name, its user part, or its server, as long as that is unique;
/// `origin`, if given, must be the account's own (AG-08). Errors: code sign_in_needed (none), usage (several; the message names them).
[[nodiscard]] platform::Result<AccountPtr> choose_account(const std::vector<AccountPtr>& accounts,
                                                          const std::string& name,
                                                          const std::optional<platform::Origin>& origin);

} // namespace keyfob::agent::vault
