#pragma once

#include "platform/result.h"
#include "platform/url.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace keyfob::cli {

// What people write behind options. Errors of all: invalid, code usage.

/// `90s`, `10m`, `1h`, or plain seconds; at least one second.
[[nodiscard]] platform::Result<std::chrono::seconds> parse_duration(const std::string& text);
[[nodiscard]] platform::Result<std::uint16_t> parse_port(const std::string& text); ///< 1 to 65535
/// A server to sign in at: an origin, with or without `/` at its end. Without a scheme https is meant, http for a literal loopback address.
/// Plain http anywhere else is refused.
[[nodiscard]] platform::Result<platform::Origin> parse_server(const std::string& text);

/// `10 minutes`, `1 hour`, `90 seconds`: in the largest unit that it is a whole number of.
[[nodiscard]] std::string describe(std::chrono::seconds duration);

} // namespace keyfob::cli
