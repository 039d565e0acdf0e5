#pragma once

#include "server/signin/audit.h"
#include "server/signin/identity_provider.h"
#include "server/storage/database.h"

#include <cstdint>
#include <string>
#include <vector>

namespace keyfob::server::storage {

/// Ends what began with a provider's session: our sessions, their cookies, and pairings that are not redeemed yet, which would come alive
/// afterwards (RP-28). Nothing where `token_hash` is known. The records of it, to be logged when all is committed: one for each session that was live. Throws as Connection does.
[[nodiscard]] std::vector<signin::AuditRecord> end_upstream(Connection& connection, const signin::LogoutNotice& notice,
                                                            const std::string& token_hash, std::int64_t now);

} // namespace keyfob::server::storage
