#pragma once

#include "platform/clock.h"
#include "platform/result.h"
#include "server/identity/fetcher.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace keyfob::server::identity {

/// What we use of OpenID Connect Discovery 1.0, section 3.
struct ProviderMetadata {
    std::string issuer;
    std::string authorization_endpoint;
    std::string token_endpoint;
    std::string userinfo_endpoint; ///< may be empty
    std::string jwks_uri;
    std::vector<std::string> token_auth_methods;
    std::vector<std::string> scopes;             ///< that it announces; often not all it has
    std::vector<std::string> signing_algorithms; ///< of id_tokens: what it announces of RS256 and ES256 (RP-09)
    bool sends_issuer = false;                   ///< RFC 9207: every answer carries `iss`
};

/// For its lists of what is supported.
[[nodiscard]] bool lists(const std::vector<std::string>& values, const char* wanted);

/// Where the metadata of an issuer are (Discovery 1.0, section 4).
[[nodiscard]] std::string discovery_url(const std::string& issuer);

struct MetadataRules {
    std::string issuer; ///< must be identical (RP-08)
    bool pkce_unsupported = false;
    bool plain_http = false; ///< the demo provider alone
};

/// Errors: invalid (says which rule).
[[nodiscard]] platform::Result<ProviderMetadata> parse_metadata(std::string_view text, const MetadataRules& rules);

/// The metadata of one provider: fetched when it is first needed, kept for an hour, and kept longer while the provider is away. One thread
/// fetches; the others take what is known, be it old or a failure, and wait only while nothing is known at all. After a failure the next try
/// is some seconds later. Thread-safe.
class MetadataCache {
public:
    MetadataCache(MetadataRules rules, const Fetcher& fetcher, const platform::Clock& clock);
    /// May wait for the network. Errors: those of the fetcher, invalid.
    [[nodiscard]] platform::Result<std::shared_ptr<const ProviderMetadata>> get();
    [[nodiscard]] std::shared_ptr<const ProviderMetadata>
    known() const; ///< null before the first success; does not wait

private:
    using Known = std::shared_ptr<const ProviderMetadata>;
    [[nodiscard]] platform::Result<ProviderMetadata> fetch() const;
    /// What to answer without asking the provider; nullopt: it has to be asked.
    [[nodiscard]] std::optional<platform::Result<Known>> remembered(bool even_if_old) const;
    [[nodiscard]] platform::Result<Known> remember(platform::Result<ProviderMetadata> fetched);
    const MetadataRules m_rules;
    const Fetcher& m_fetcher;
    const platform::Clock& m_clock;
    std::mutex m_fetching;
    mutable std::mutex m_mutex;
    Known m_known;
    platform::SteadyTime m_fresh_until{};
    platform::SteadyTime m_next_try{};
    std::optional<platform::Error> m_last_error;
};

} // namespace keyfob::server::identity
