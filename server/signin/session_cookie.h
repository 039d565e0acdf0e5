#pragma once

#include "platform/random.h"

#include <string>
#include <string_view>

namespace keyfob::server::signin {

/// The value of a session cookie: an opaque token with the prefix `kfs_`.
[[nodiscard]] std::string make_session_cookie(platform::Random& random);
[[nodiscard]] bool is_session_cookie(std::string_view value);

} // namespace keyfob::server::signin
