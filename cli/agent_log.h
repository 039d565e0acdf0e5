#pragma once

#include "platform/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace keyfob::cli {

/// How long the log is now; 0 when there is none.
[[nodiscard]] std::uint64_t log_size(const std::string& path);

/// Why an agent ended: its last `error:` and the `hint:` below it, of what stands behind the first `from` octets. nullopt: it said nothing.
[[nodiscard]] std::optional<platform::Error> last_error(const std::string& path, std::uint64_t from);

} // namespace keyfob::cli
