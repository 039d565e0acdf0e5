#pragma once

#include "server/signin/pairing_service.h"
#include "server/signin/providers.h"

#include <string>

namespace keyfob::server::http::pages {

/// The pages that people see. Every value is escaped by the template library; none of them runs a script (WH-03, WH-05).
[[nodiscard]] std::string choose_provider(const signin::Providers& providers, const signin::Flow& flow);
[[nodiscard]] std::string confirm(const signin::Confirmation& confirmation, std::int64_t now);
/// Takes the browser on to the agent by itself, with a link in case that it does not.
[[nodiscard]] std::string go_on(const std::string& url);
/// One sentence about what happened and one about what to do.
[[nodiscard]] std::string message(const std::string& title, const std::string& what, const std::string& hint,
                                  const std::string& request_id);
[[nodiscard]] const std::string& style_sheet();

} // namespace keyfob::server::http::pages
