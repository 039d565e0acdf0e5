#pragma once

#include "platform/http/limits.h"
#include "server/config_reader.h"

#include <toml++/toml.h>

namespace keyfob::server {

/// The limits of the HTTP front where nothing is configured: those of platform::http, and an event loop for each of the first four cores.
[[nodiscard]] platform::http::Limits default_http_limits();

/// The table `[http]`: every one of these limits, under its own name (OP-04).
void read_http_limits(TableReader& table, platform::http::Limits& limits);
[[nodiscard]] toml::table http_limits_table(const platform::http::Limits& limits);

} // namespace keyfob::server
