#pragma once

#include "server/http/call.h"

#include <span>

namespace keyfob::server::http {

/// Every route of the server, and who may call it: at once the dispatcher and the documentation.
[[nodiscard]] std::span<const Route> routes();

} // namespace keyfob::server::http
