#include "server/provider_setup.h"

#include "server/api/routes.h"
#include "server/identity/provider_factory.h"

namespace keyfob::server {

std::string redirect_uri(const Config& config, const std::string& provider) {
    return config.external_url + api::k_callback_path + std::string("/") + provider;
}

platform::Result<std::unique_ptr<signin::IdentityProvider>>
make_provider(const Config& config, const ProviderConfig& entry, const platform::Clock& clock) {
    identity::ProviderSettings settings;
    settings.id = entry.id;
    settings.kind = entry.kind;
    settings.display_name = entry.display_name;
    settings.issuer = entry.issuer;
    settings.client_id = entry.client_id;
    settings.client_secret = entry.client_secret.duplicate();
    settings.ca_file = entry.ca_file;
    settings.allow_addresses = entry.allow_addresses;
    settings.pkce_unsupported = entry.pkce_unsupported;
    settings.is_demo = config.demo; // its one provider is the built-in one
    return identity::make_provider(std::move(settings), redirect_uri(config, entry.id), clock);
}

} // namespace keyfob::server
