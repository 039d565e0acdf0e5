#pragma once

#include "platform/result.h"
#include "server/config.h"

#include <optional>
#include <string>
#include <utility>

namespace keyfob::server {

/// `127.0.0.1:8420` or `[::1]:8420`: a numeric address, and a port that is written out. False, and nothing is changed, for anything else.
[[nodiscard]] bool parse_listen(const std::string& text, Config& config);

/// That the database can be made or written there, without making anything. Errors: invalid (what stands there), denied, not_found.
[[nodiscard]] platform::Result<void> check_database_place(const std::string& file);

/// Key of the rule and what is wrong with it, when nobody could ever fit: an address without a domain, a claim that providers of `kind` do not
/// make. nullopt when somebody could.
[[nodiscard]] std::optional<std::pair<const char*, std::string>> find_impossible(const signin::AllowRule& rule,
                                                                                 const std::string& kind);

} // namespace keyfob::server
