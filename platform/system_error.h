#pragma once

#include "platform/result.h"

#include <cerrno>
#include <string>
#include <system_error>

namespace keyfob::platform {

/// The failure of the system call that has just set errno: "cannot DO: REASON".
[[nodiscard]] inline Error system_error(const std::string& what, ErrorKind kind = ErrorKind::failed) {
    return {kind, "cannot " + what + ": " + std::generic_category().message(errno)};
}

} // namespace keyfob::platform
