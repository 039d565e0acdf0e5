#pragma once

#include "platform/result.h"

namespace keyfob::agent {

/// The composition root: takes the socket, runs the main loop until SIGINT, SIGTERM or the stop method. Errors: failed (code in_use: another
/// agent serves this socket), denied (the socket's directory is not private). Otherwise it ends the process.
[[nodiscard]] platform::Result<void> run();

} // namespace keyfob::agent
