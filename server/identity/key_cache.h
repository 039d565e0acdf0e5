#pragma once

#include "platform/clock.h"
#include "platform/jose/jwt.h"
#include "platform/result.h"
#include "server/identity/fetcher.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace keyfob::server::identity {

/// The signing keys of one provider (RP-16): kept for an hour, fetched anew at once when a token names a key that is not among them, but
/// that at most once a minute. One thread fetches, the others wait. Thread-safe.
class KeyCache {
public:
    KeyCache(const Fetcher& fetcher, const platform::Clock& clock) : m_fetcher(fetcher), m_clock(clock) {}
    /// May wait for the network. Errors: those of the fetcher; invalid (the signature is by none of the keys).
    [[nodiscard]] platform::Result<void> verify(const platform::jose::Jwt& token, const std::string& jwks_uri);

private:
    using Keys = std::shared_ptr<const platform::jose::KeySet>;
    [[nodiscard]] platform::Result<Keys> current(const std::string& jwks_uri);
    [[nodiscard]] platform::Result<Keys> fetch(const std::string& jwks_uri);

    const Fetcher& m_fetcher;
    const platform::Clock& m_clock;
    std::mutex m_mutex;
    Keys m_keys;
    platform::SteadyTime m_fresh_until{};
    std::optional<platform::SteadyTime> m_forced_at; ///< when an unknown key last made us fetch
};

} // namespace keyfob::server::identity
