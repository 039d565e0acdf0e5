#include "server/identity/key_cache.h"

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::chrono::hours k_fresh{1};
constexpr std::chrono::seconds k_forced_pause{60};

} // namespace

Result<KeyCache::Keys> KeyCache::fetch(const std::string& jwks_uri) {
    KEYFOB_TRY_ASSIGN(const std::string text, fetch_document(m_fetcher, jwks_uri));
    KEYFOB_TRY_ASSIGN(auto keys, platform::jose::KeySet::parse(text));
    m_keys = std::make_shared<const platform::jose::KeySet>(std::move(keys));
    m_fresh_until = m_clock.steady_now() + k_fresh;
    return m_keys;
}

Result<KeyCache::Keys> KeyCache::current(const std::string& jwks_uri) {
    if (m_keys && m_clock.steady_now() < m_fresh_until)
        return m_keys;
    return fetch(jwks_uri);
}

Result<void> KeyCache::verify(const platform::jose::Jwt& token, const std::string& jwks_uri) {
    const std::lock_guard one_at_a_time(m_mutex);
    KEYFOB_TRY_ASSIGN(const Keys keys, current(jwks_uri));
    if (keys->verify(token))
        return {};
    const std::string key_id = token.key_id();
    const bool may_be_new = key_id.empty() || !keys->has_key_id(key_id);
    const auto now = m_clock.steady_now();
    const bool may_ask = !m_forced_at || *m_forced_at + k_forced_pause <= now;
    if (may_be_new && may_ask) {
        m_forced_at = now;
        KEYFOB_TRY_ASSIGN(const Keys renewed, fetch(jwks_uri));
        if (renewed->verify(token))
            return {};
    }
    return Error{ErrorKind::invalid, "the id_token is not signed by a key of the provider"};
}

} // namespace keyfob::server::identity
