#pragma once

#include "platform/random.h"

#include <string>
#include <string_view>

namespace keyfob::server::signin {

/// The value of a session cookie: `kfs_`, 43 letters of randomness, 6 hex digits of checksum (AS-16), so that scanners for leaked secrets
/// find it and a mangled one never costs a look-up.
[[nodiscard]] std::string make_session_cookie(platform::Random& random);
[[nodiscard]] bool is_session_cookie(std::string_view value);

} // namespace keyfob::server::signin
