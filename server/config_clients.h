#pragma once

#include "server/config.h"
#include "server/config_reader.h"

#include <toml++/toml.h>

namespace keyfob::server {

/// Reads one `[[client]]`: `id`, `name`, `redirect_paths`, `device_grant`.
void read_client(TableReader& table, Config& config);
/// Reads one `[[resource_server]]`: `id`, `secret_file`.
void read_resource_server(TableReader& table, Config& config);

/// Both as they are in effect, secrets masked; nothing where there is none.
void insert_clients(toml::table& root, const Config& config);

} // namespace keyfob::server
