#pragma once

#include "platform/http/tls_context.h"
#include "platform/result.h"
#include "platform/secret_string.h"
#include "server/config_http.h"
#include "server/http/client_address.h"
#include "server/http/rate_limits.h"
#include "server/signin/allow_rules.h"
#include "server/signin/clients.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace keyfob::server {

/// One `[[provider]]`.
struct ProviderConfig {
    std::string id;
    std::string kind; ///< of identity/presets.h
    std::string display_name;
    std::string issuer; ///< the effective one
    std::string tenant; ///< Entra's
    std::string groups_claim = "groups";
    std::string client_id;
    std::string client_secret_file;
    platform::SecretString client_secret;     ///< what the file holds; empty for public clients
    std::string ca_file;                      ///< trusted in addition to the system's authorities
    std::vector<std::string> allow_addresses; ///< private addresses that this provider may have
    bool pkce_unsupported = false;            ///< the named exception of RP-04
};

/// One `[[resource_server]]`: a service that may introspect.
struct ResourceServerConfig {
    std::string id;
    std::vector<std::string> clients; ///< whose tokens are for it; empty: those of every client
    std::string secret_file;
    platform::SecretString secret; ///< what the file holds
};

/// The effective configuration: defaults filled in, everything validated, times in seconds.
struct Config {
    std::string external_url;
    std::string listen_address = "127.0.0.1";
    std::uint16_t listen_port = 8420;
    std::string certificate_file;
    std::string key_file;
    platform::http::TlsContextPtr tls; ///< made of the two files; null without them
    std::string database_file;
    std::vector<std::string> trusted_proxies;
    http::TrustedProxies proxies; ///< the same, parsed
    std::int64_t cookie_seconds = 600;
    std::int64_t idle_seconds = std::int64_t{7} * 24 * 3600;
    std::int64_t absolute_seconds = std::int64_t{30} * 24 * 3600;
    bool device_grant = false; ///< RFC 8628; off unless the operator turns it on (DG-09)
    std::int64_t device_session_seconds = 3600;
    http::RequestLimits limits; ///< of each address
    platform::http::Limits http = default_http_limits();
    std::int64_t database_warning_bytes = std::int64_t{1024} * 1024 * 1024; ///< file and log together
    std::string log_level = "info";
    std::vector<ProviderConfig> providers;
    std::vector<signin::AllowRule> allow;
    std::vector<signin::Client> clients; ///< standard clients; without any they are off
    std::vector<ResourceServerConfig> resource_servers;
    bool demo = false;

    [[nodiscard]] bool uses_tls() const { return !certificate_file.empty(); }
    [[nodiscard]] std::string listen() const; ///< `127.0.0.1:8420` or `[::1]:8420`
    /// What a Host header may say: what external_url has, and the same with the default port written out, as some proxies do.
    [[nodiscard]] std::vector<std::string> hosts() const;
};

/// Reads and validates, and asks no network. Every problem of the file is in the message, one a line: `FILE:LINE: what was found; what was
/// expected` (OP-10). What has passed starts, but for what other programs do meanwhile (a port in use, a file that goes).
/// Errors: not_found, denied, invalid.
[[nodiscard]] platform::Result<Config> load_config(const std::string& file);
/// The configuration of `--demo`: the built-in provider, anyone may sign in, a database in the state directory.
/// Errors: invalid (`listen` is not a loopback address and a port).
[[nodiscard]] platform::Result<Config> demo_config(const std::string& listen, const std::string& state_directory);
/// The effective configuration as TOML, secrets masked; for `--check`.
[[nodiscard]] std::string to_text(const Config& config);

} // namespace keyfob::server
