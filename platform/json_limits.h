#pragma once

namespace keyfob::platform::json {

/// Deepest nesting accepted of anything that comes from outside (OP-04).
inline constexpr int k_max_depth = 16;

} // namespace keyfob::platform::json
