#pragma once

#include "platform/result.h"

#include <string>

namespace keyfob::platform {

/// Makes `path` (and its missing parents) a directory that only this user can enter, or verifies that it is one: a directory and no link,
/// owned by this user, mode 0700. Nothing is repaired: another's directory is refused (AG-09). Errors: denied, failed.
[[nodiscard]] Result<void> ensure_private_directory(const std::string& path);

} // namespace keyfob::platform
