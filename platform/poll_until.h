#pragma once

#include "platform/clock.h"
#include "platform/result.h"

namespace keyfob::platform {

/// Waits for one descriptor until `deadline`. `events`: POLLIN, POLLOUT or both; a broken connection counts as ready. Errors: timed_out, failed.
[[nodiscard]] Result<void> poll_until(int descriptor, short events, SteadyTime deadline);

} // namespace keyfob::platform
