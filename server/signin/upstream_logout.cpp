#include "server/signin/upstream_logout.h"

#include "platform/digest.h"

namespace keyfob::server::signin {

namespace {
constexpr std::int64_t k_longest_life = 3600; ///< of a logout token
constexpr std::size_t k_calls_per_provider =
    2; ///< anybody may send what is no token, and those who sign in need the threads
} // namespace

UpstreamLogout::UpstreamLogout(Store& store, const Providers& providers, const platform::Clock& clock)
    : m_store(store), m_providers(providers), m_clock(clock) {
    for (const auto& provider : providers.all())
        m_calls.try_emplace(provider->id(), k_calls_per_provider);
}

platform::Result<int> UpstreamLogout::receive(const std::string& provider, const std::string& token) {
    IdentityProvider* const chosen = m_providers.find(provider);
    if (chosen == nullptr)
        return platform::Error{platform::ErrorKind::not_found, "there is no such provider"};
    const auto permit = m_calls.at(provider).enter();
    if (!permit)
        return platform::Error{platform::ErrorKind::unreachable, "too many logout tokens come at once"};
    KEYFOB_TRY_ASSIGN(const LogoutNotice notice, chosen->read_logout_token(token));
    const std::int64_t now = platform::to_unix(m_clock.now());
    if (notice.expires_at > now + k_longest_life)
        return platform::Error{platform::ErrorKind::invalid, "the logout token is good for too long"};
    return m_store.end_upstream(notice, platform::secret_hash("logout." + notice.issuer + "." + notice.token_id), now);
}

} // namespace keyfob::server::signin
