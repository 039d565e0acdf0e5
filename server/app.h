#pragma once

#include "platform/result.h"
#include "server/config.h"

namespace keyfob::server {

/// The composition root: makes every part, runs until SIGINT or SIGTERM, then stops in order. The signals must be blocked already.
/// When what runs is not done after Limits::stop_deadline the process ends by itself, with exit code 0; a second signal ends it at once (OP-08).
/// Errors: those of opening the database and of listening.
[[nodiscard]] platform::Result<void> run(Config config);

} // namespace keyfob::server
