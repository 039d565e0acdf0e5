#pragma once

#include "platform/result.h"

#include <string>
#include <vector>

namespace keyfob::platform {

/// No core dumps, and no other process of this user may attach or read this one's memory (AG-07). Call first thing in main.
void harden_process();

/// Where a started program's output goes.
struct SpawnOptions {
    std::string output = "/dev/null"; ///< file for stdout and stderr, appended, made 0600
    bool new_session = false;         ///< so that the terminal's signals do not reach it
};

/// Starts a program without a shell in this process's environment, stdin from /dev/null, no descriptor inherited but 0 to 2, default
/// signals, and leaves it alone: it is a child of init afterwards, so nobody needs to wait for it. `arguments[0]` is looked up in PATH
/// unless it has a slash. Errors: not_found, failed.
[[nodiscard]] Result<void> spawn_detached(const std::vector<std::string>& arguments, const SpawnOptions& options = {});

} // namespace keyfob::platform
