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
/// that at most once a minute, successful or not. One thread fetches, the others wait for it; after a failure the next try is some seconds
/// later. Signatures are verified outside of every lock. Thread-safe.
class KeyCache {
public:
    KeyCache(const Fetcher& fetcher, const platform::Clock& clock) : m_fetcher(fetcher), m_clock(clock) {}
    /// May wait for the network. Errors: those of the fetcher; invalid (no key of that name, or the signature is wrong).
    [[nodiscard]] platform::Result<void> verify(const platform::jose::Jwt& token, const std::string& jwks_uri);

private:
    using Keys = std::shared_ptr<const platform::jose::KeySet>;
    [[nodiscard]] platform::Result<Keys> current(const std::string& jwks_uri);
    /// Newer keys than `seen`, or `seen` itself when it is too early to ask again.
    [[nodiscard]] platform::Result<Keys> newer_than(const Keys& seen, const std::string& jwks_uri);
    [[nodiscard]] platform::Result<Keys> fetch(const std::string& jwks_uri);

    const Fetcher& m_fetcher;
    const platform::Clock& m_clock;
    std::mutex m_fetching;      ///< held while the provider is asked; taken before m_mutex
    mutable std::mutex m_mutex; ///< held for moments
    Keys m_keys;
    platform::SteadyTime m_fresh_until{};
    platform::SteadyTime m_next_try{};
    std::optional<platform::Error> m_last_error;
    std::optional<platform::SteadyTime> m_forced_at; ///< when an unknown key last made us fetch
};

} // namespace keyfob::server::identity
