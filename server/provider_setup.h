#pragma once

#include "platform/clock.h"
#include "platform/result.h"
#include "server/config.h"
#include "server/identity/provider_factory.h"
#include "server/signin/identity_provider.h"

#include <memory>
#include <string>

namespace keyfob::server {

/// Where a provider sends the browser: a constant, never from a request (RP-01).
[[nodiscard]] std::string redirect_uri(const Config& config, const std::string& provider);

/// What the configuration says of one `[[provider]]`, and of what its rules need to know.
[[nodiscard]] identity::ProviderSettings settings_of(const Config& config, const ProviderConfig& entry);

/// Makes the provider of one `[[provider]]`, without any network. load_config() tries it, so that the start cannot fail for what `--check` has
/// passed. Errors: those of identity::make_provider().
[[nodiscard]] platform::Result<std::unique_ptr<signin::IdentityProvider>>
make_provider(const Config& config, const ProviderConfig& entry, const platform::Clock& clock);

} // namespace keyfob::server
