#pragma once

#include "platform/result.h"

namespace keyfob::server::signin {

/// The answer to a code that is good for nothing (RFC 6749 section 5.2); logs why.
[[nodiscard]] platform::Error invalid_grant(const char* why);

} // namespace keyfob::server::signin
