#pragma once

#include <functional>
#include <string>

namespace keyfob::platform {

/// Reads one environment variable; empty when unset. Injectable, so that tests need no environment of their own.
using Environment = std::function<std::string(const char* name)>;
[[nodiscard]] std::string process_environment(const char* name);

/// Where things of this user lie (XDG Base Directory Specification). Never below a shared temporary directory.
/// $XDG_RUNTIME_DIR, else /run/user/UID where it exists, else empty.
[[nodiscard]] std::string runtime_directory(const Environment& environment = process_environment);
/// $XDG_STATE_HOME or ~/.local/state, then /keyfob.
[[nodiscard]] std::string state_directory(const Environment& environment = process_environment);
/// The home directory by $HOME, else by the user database.
[[nodiscard]] std::string home_directory(const Environment& environment = process_environment);

} // namespace keyfob::platform
