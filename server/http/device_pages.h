#pragma once

#include "server/signin/pairing_service.h"
#include "server/signin/providers.h"

#include <cstdint>
#include <string>

namespace keyfob::server::http::pages {

/// The pages of the device grant (RFC 8628 sections 3.3 and 5.4). The code is typed on the first of them and stands on none, neither filled in nor
/// shown. `problem`: why it is asked for again; empty at first.
[[nodiscard]] std::string enter_user_code(const std::string& csrf_token, const std::string& problem);
[[nodiscard]] std::string choose_provider_for_device(const signin::Providers& providers, const signin::Flow& flow,
                                                     std::int64_t now);
[[nodiscard]] std::string confirm_device(const signin::Confirmation& confirmation, std::int64_t now);
[[nodiscard]] std::string device_approved();
[[nodiscard]] std::string device_refused();

} // namespace keyfob::server::http::pages
