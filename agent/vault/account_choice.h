#pragma once

#include "agent/vault/account_store.h"
#include "platform/result.h"
#include "platform/url.h"

#include <optional>
#include <string>
#include <vector>

namespace keyfob::agent::vault {

/// The one account that is meant. `name` may be empty, the account's name in any of its forms, its user part, or its server, as long as only
/// one fits; one that has ended is meant only where no other fits.
/// `origin`, if given, must be the account's own (AG-08). Errors: code sign_in_needed (none), usage (several; the message names them).
[[nodiscard]] platform::Result<AccountPtr> choose_account(const std::vector<AccountPtr>& accounts,
                                                          const std::string& name,
                                                          const std::optional<platform::Origin>& origin);

} // namespace keyfob::agent::vault
