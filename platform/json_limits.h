#pragma once

#include <cstddef>

namespace keyfob::platform::json {

/// Deepest nesting accepted of anything that comes from outside (OP-04).
inline constexpr int k_max_depth = 16;

/// Most members of one object between commands and the agent: a list of them is searched from its beginning.
inline constexpr std::size_t k_most_members = 64;

} // namespace keyfob::platform::json
