#pragma once

#include "platform/clock.h"
#include "platform/result.h"
#include "server/signin/call_limit.h"
#include "server/signin/providers.h"
#include "server/signin/store.h"

#include <functional>
#include <map>
#include <string>

namespace keyfob::server::signin {

/// A provider tells us, behind everybody's back, that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0; RP-28). The token
/// is all that says so: the connection it comes by proves nothing. Thread-safe.
class UpstreamLogout {
public:
    UpstreamLogout(Store& store, const Providers& providers, const platform::Clock& clock);

    /// Ends the sessions that the token means; how many were live, which is none for a token that came before. May wait for the provider.
    /// Errors: not_found (no such provider), invalid (the token), unreachable (the store, the provider's keys, or too many ask at once), timed_out.
    [[nodiscard]] platform::Result<int> receive(const std::string& provider, const std::string& token);

private:
    Store& m_store;
    const Providers& m_providers;
    const platform::Clock& m_clock;
    std::map<std::string, CallLimit, std::less<>> m_calls; ///< by provider; filled once
};

} // namespace keyfob::server::signin
