#include "server/provider_setup.h"

#include "server/api/routes.h"

#include <algorithm>

namespace keyfob::server {
namespace {

template <typename Rule> bool speaks_of(const Config& config, const std::string& provider) {
    return std::any_of(config.allow.begin(), config.allow.end(), [&](const signin::AllowRule& rule) {
        return rule.provider == provider && std::holds_alternative<Rule>(rule.who);
    });
}

} // namespace

std::string redirect_uri(const Config& config, const std::string& provider) {
    return config.external_url + api::k_callback_path + std::string("/") + provider;
}

identity::ProviderSettings settings_of(const Config& config, const ProviderConfig& entry) {
    identity::ProviderSettings settings;
    settings.id = entry.id;
    settings.kind = entry.kind;
    settings.display_name = entry.display_name;
    settings.issuer = entry.issuer;
    settings.tenant = entry.tenant;
    settings.groups_claim = entry.groups_claim;
    settings.needs_groups = speaks_of<signin::AllowRule::Group>(config, entry.id);
    settings.needs_organizations = speaks_of<signin::AllowRule::Organization>(config, entry.id);
    settings.needs_teams = speaks_of<signin::AllowRule::Team>(config, entry.id);
    settings.client_id = entry.client_id;
    settings.client_secret = entry.client_secret.duplicate();
    settings.ca_file = entry.ca_file;
    settings.allow_addresses = entry.allow_addresses;
    settings.pkce_unsupported = entry.pkce_unsupported;
    settings.is_demo = config.demo; // its one provider is the built-in one
    return settings;
}

platform::Result<std::unique_ptr<signin::IdentityProvider>>
make_provider(const Config& config, const ProviderConfig& entry, const platform::Clock& clock) {
    return identity::make_provider(settings_of(config, entry), redirect_uri(config, entry.id), clock);
}

} // namespace keyfob::server
