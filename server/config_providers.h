#pragma once

#include "server/config.h"
#include "server/config_reader.h"

#include <string>

namespace keyfob::server {

void read_provider(TableReader& table, Config& config); ///< `[[provider]]`
void read_rule(TableReader& table, Config& config);     ///< `[[allow]]`, after all providers

[[nodiscard]] const ProviderConfig* find_provider(const Config& config, const std::string& id); ///< null: there is none

} // namespace keyfob::server
