#pragma once

#include "platform/result.h"
#include "server/storage/database.h"

namespace keyfob::server::storage {

/// The number of the newest step.
[[nodiscard]] int newest_schema();

/// Brings the tables to the newest form, forward only, each step in a transaction of its own (KS-10). A database that has something to lose is
/// copied first, beside itself, as `<file>.schema-<n>-<random>` with mode 0600.
/// Errors: invalid (the file was written by a newer keyfob), unreachable (also: it could not be copied; nothing was changed).
/// `to`: an older form, for tests of the way from there.
[[nodiscard]] platform::Result<void> migrate(Database& database, int to = newest_schema());

/// The number of the step that the database is at. Errors: unreachable.
[[nodiscard]] platform::Result<int> schema_of(Database& database);

} // namespace keyfob::server::storage
