#include "server/config.h"

#include "server/config_clients.h"
#include "server/identity/presets.h"

#include <toml++/toml.h>

#include <sstream>

namespace keyfob::server {
namespace {

std::string seconds(std::int64_t count) {
    return std::to_string(count) + "s";
}

std::string rate(const platform::Rate& rate) {
    return std::to_string(rate.count) + "/" + seconds(rate.period.count());
}

toml::table provider_table(const ProviderConfig& provider) {
    toml::table table{{"id", provider.id},
                      {"kind", provider.kind},
                      {"display_name", provider.display_name},
                      {"client_id", provider.client_id},
                      {"pkce", provider.pkce_unsupported ? "unsupported" : "required"}};
    if (!provider.client_secret_file.empty()) {
        table.insert("client_secret_file", provider.client_secret_file);
        table.insert("client_secret", "********");
    }
    if (provider.tenant.empty())
        table.insert("issuer", provider.issuer);
    else // which the issuer is made of
        table.insert("tenant", provider.tenant);
    if (identity::find_preset(provider.kind)->has_groups)
        table.insert("groups_claim", provider.groups_claim);
    if (!provider.ca_file.empty())
        table.insert("ca_file", provider.ca_file);
    if (!provider.allow_addresses.empty())
        table.insert("allow_addresses", array_of(provider.allow_addresses));
    return table;
}

void insert_who(toml::table& table, const signin::AllowRule::Anyone& who) {
    table.insert(who.k_key, true);
}
void insert_who(toml::table& table, const signin::AllowRule::Claim& who) {
    table.insert(who.k_key, who.name);
    table.insert("value", who.value);
}
template <typename Who> void insert_who(toml::table& table, const Who& who) {
    table.insert(who.k_key, who.value);
}

} // namespace

std::string to_text(const Config& config) {
    toml::table root{{"external_url", config.external_url}, {"listen", config.listen()}};
    root.insert("trusted_proxies", array_of(config.trusted_proxies));
    root.insert("database", toml::table{{"url", "sqlite:" + config.database_file},
                                        {"warn_above", std::to_string(config.database_warning_bytes / 1024) + "KiB"}});
    root.insert("limits", toml::table{{"agent", rate(config.limits.agent)},
                                      {"browser", rate(config.limits.browser)},
                                      {"renewal", rate(config.limits.renewal)}});
    root.insert("http", http_limits_table(config.http));
    if (config.uses_tls())
        root.insert("tls", toml::table{{"certificate_file", config.certificate_file}, {"key_file", config.key_file}});
    root.insert("session", toml::table{{"cookie", seconds(config.cookie_seconds)},
                                       {"idle", seconds(config.idle_seconds)},
                                       {"absolute", seconds(config.absolute_seconds)}});
    root.insert("device_grant",
                toml::table{{"enabled", config.device_grant}, {"session", seconds(config.device_session_seconds)}});
    root.insert("log", toml::table{{"level", config.log_level}});
    toml::array providers;
    for (const ProviderConfig& provider : config.providers)
        providers.push_back(provider_table(provider));
    root.insert("provider", std::move(providers));
    toml::array rules;
    for (const signin::AllowRule& rule : config.allow) {
        toml::table table{{"provider", rule.provider}};
        std::visit([&](const auto& who) { insert_who(table, who); }, rule.who);
        rules.push_back(std::move(table));
    }
    root.insert("allow", std::move(rules));
    insert_clients(root, config);
    std::ostringstream text;
    text << root << "\n";
    return text.str();
}

} // namespace keyfob::server
