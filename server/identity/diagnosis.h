#pragma once

#include "platform/clock.h"
#include "server/identity/provider_factory.h"

#include <string>
#include <vector>

namespace keyfob::server::identity {

/// One thing that was looked at.
struct Finding {
    std::string what; ///< one word
    bool is_ok = false;
    std::string detail; ///< what was found
    std::string fix;    ///< what mends it; empty when it is in order
};

/// Asks a provider for everything that a sign-in needs, up to the client's secret, for which it shows a code that was never given out. What depends
/// on something that is wrong is left out. Waits for the network.
[[nodiscard]] std::vector<Finding> diagnose(const ProviderSettings& settings, const std::string& redirect_uri,
                                            const Fetcher& fetcher, const platform::Clock& clock);

} // namespace keyfob::server::identity
