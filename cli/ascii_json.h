#pragma once

#include <string>
#include <string_view>

namespace keyfob::cli {

/// The same JSON with everything beyond ASCII, and DEL, as `\uXXXX` (RFC 8259 section 7). Invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string ascii_json(std::string_view json);

} // namespace keyfob::cli
