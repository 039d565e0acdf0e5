#pragma once

#include "platform/clock.h"
#include "platform/result.h"
#include "platform/secret_string.h"
#include "server/identity/fetcher.h"
#include "server/signin/identity_provider.h"

#include <memory>
#include <string>
#include <vector>

namespace keyfob::server::identity {

struct ProviderSettings {
    std::string id;
    std::string kind; ///< of presets.h
    std::string display_name;
    std::string issuer; ///< where the preset has none, or another is meant
    std::string tenant; ///< Entra's, instead of an issuer
    std::string client_id;
    platform::SecretString client_secret; ///< empty: public client
    std::string ca_file;
    std::vector<std::string> allow_addresses;
    bool pkce_unsupported = false;
    std::string groups_claim = "groups";
    bool needs_groups = false; ///< a rule speaks of them, so they are asked for; nobody is asked for what no rule needs
    bool needs_organizations = false; ///< GitHub's
    bool needs_teams = false;
    bool is_demo = false; ///< set by the composition root alone: plain http on loopback is allowed for this issuer
};

/// `redirect_uri` is the constant of this provider (RP-01). Asks nobody: a provider that is away does not keep the server from starting.
/// Errors: invalid (which setting).
[[nodiscard]] platform::Result<std::unique_ptr<signin::IdentityProvider>>
make_provider(ProviderSettings settings, const std::string& redirect_uri, const platform::Clock& clock);

/// How that provider is asked. Errors: invalid (which setting).
[[nodiscard]] platform::Result<std::unique_ptr<Fetcher>> make_fetcher(const ProviderSettings& settings);

/// The same with a fetcher of the caller's.
[[nodiscard]] platform::Result<std::unique_ptr<signin::IdentityProvider>>
make_provider(ProviderSettings settings, const std::string& redirect_uri, const platform::Clock& clock,
              std::unique_ptr<Fetcher> fetcher);

} // namespace keyfob::server::identity
