#include "server/identity/key_cache.h"

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::chrono::seconds k_forced_pause{60};

bool may_be_signed_by_newer_key(const platform::jose::Jwt& token, const platform::jose::KeySet& keys) {
    const std::string key_id = token.key_id();
    return key_id.empty() || !keys.has_key_id(key_id);
}

} // namespace

/// Precondition: m_fetching is held.
Result<KeyCache::Keys> KeyCache::fetch(const std::string& jwks_uri) {
    auto text = fetch_document(m_fetcher, jwks_uri);
    auto keys = text ? platform::jose::KeySet::parse(*text) : Result<platform::jose::KeySet>(text.error());
    const std::lock_guard lock(m_mutex);
    if (!keys) {
        m_last_error = Error{keys.error().kind, "its keys: " + keys.error().message};
        m_next_try = m_clock.steady_now() + k_pause_after_failure;
        return *m_last_error;
    }
    m_last_error.reset();
    m_keys = std::make_shared<const platform::jose::KeySet>(std::move(*keys));
    m_fresh_until = m_clock.steady_now() + k_document_fresh;
    return m_keys;
}

Result<KeyCache::Keys> KeyCache::current(const std::string& jwks_uri) {
    const auto remembered = [&]() -> std::optional<Result<Keys>> {
        const std::lock_guard lock(m_mutex);
        const auto now = m_clock.steady_now();
        if (m_keys && now < m_fresh_until)
            return m_keys;
        if (m_last_error && now < m_next_try)
            return Result<Keys>(*m_last_error);
        return std::nullopt;
    };
    if (auto answer = remembered())
        return std::move(*answer);
    const std::lock_guard one_at_a_time(m_fetching);
    if (auto answer = remembered()) // the one we waited for has asked
        return std::move(*answer);
    return fetch(jwks_uri);
}

Result<KeyCache::Keys> KeyCache::newer_than(const Keys& seen, const std::string& jwks_uri) {
    const std::lock_guard one_at_a_time(m_fetching);
    {
        const std::lock_guard lock(m_mutex);
        if (m_keys != seen)
            return m_keys;
        const auto now = m_clock.steady_now();
        if (m_forced_at && now < *m_forced_at + k_forced_pause)
            return seen;
        m_forced_at = now;
    }
    return fetch(jwks_uri);
}

Result<void> KeyCache::verify(const platform::jose::Jwt& token, const std::string& jwks_uri) {
    KEYFOB_TRY_ASSIGN(Keys keys, current(jwks_uri));
    if (keys->verify(token))
        return {};
    if (may_be_signed_by_newer_key(token, *keys)) {
        KEYFOB_TRY_ASSIGN(keys, newer_than(keys, jwks_uri));
        if (keys->verify(token))
            return {};
    }
    const std::string key_id = token.key_id();
    if (!key_id.empty() && !keys->has_key_id(key_id))
        return Error{ErrorKind::invalid, "the id_token names a key that the provider does not publish"};
    return Error{ErrorKind::invalid, "the id_token's signature is by no key of the provider"};
}

} // namespace keyfob::server::identity
