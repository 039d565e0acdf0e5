#pragma once

#include <string>

namespace keyfob::platform {

/// The directory of the running program's file, links resolved; empty when the system does not tell.
[[nodiscard]] std::string executable_directory();

} // namespace keyfob::platform
