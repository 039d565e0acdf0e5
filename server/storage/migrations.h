#pragma once

#include "platform/result.h"
#include "server/storage/database.h"

namespace keyfob::server::storage {

/// Brings the tables to the newest form, forward only, each step in a transaction of its own (KS-10).
/// Errors: invalid (the file was written by a newer keyfob), unreachable.
[[nodiscard]] platform::Result<void> migrate(Database& database);

/// The number of the newest step.
[[nodiscard]] int newest_schema();

} // namespace keyfob::server::storage
