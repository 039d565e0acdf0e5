#include "server/identity/provider_metadata.h"

#include "platform/json.h"

#include <algorithm>

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::chrono::hours k_fresh{1};
constexpr std::chrono::seconds k_pause_after_failure{5};
constexpr const char* k_path = "/.well-known/openid-configuration";

Error refused(const std::string& why) {
    return {ErrorKind::invalid, "its metadata is not acceptable: " + why};
}

bool is_endpoint(const std::string& text, bool plain_http) {
    const auto url = platform::Url::parse(text);
    return url && (url->origin.scheme == "https" || (plain_http && url->origin.is_loopback()));
}

bool lists(const std::vector<std::string>& values, const char* wanted) {
    return std::find(values.begin(), values.end(), wanted) != values.end();
}

} // namespace

Result<ProviderMetadata> parse_metadata(std::string_view text, const MetadataRules& rules) {
    KEYFOB_TRY_ASSIGN(const auto object, platform::json::parse_object(text));
    const auto member = [&](const char* name) { return platform::json::get_string(*object, name).value_or(""); };
    ProviderMetadata metadata;
    metadata.issuer = member("issuer");
    if (metadata.issuer != rules.issuer)
        return refused("the issuer is another");
    metadata.authorization_endpoint = member("authorization_endpoint");
    metadata.token_endpoint = member("token_endpoint");
    metadata.jwks_uri = member("jwks_uri");
    metadata.userinfo_endpoint = member("userinfo_endpoint");
    for (const std::string& endpoint : {metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri})
        if (!is_endpoint(endpoint, rules.plain_http))
            return refused("an endpoint is missing or not https");
    if (!metadata.userinfo_endpoint.empty() && !is_endpoint(metadata.userinfo_endpoint, rules.plain_http))
        return refused("an endpoint is missing or not https");
    const auto challenges = platform::json::get_strings(*object, "code_challenge_methods_supported");
    if (challenges && !lists(*challenges, "S256") && !rules.pkce_unsupported) // RP-04
        return refused("it does not support PKCE with S256");
    metadata.token_auth_methods = platform::json::get_strings(*object, "token_endpoint_auth_methods_supported")
                                      .value_or(std::vector<std::string>{"client_secret_basic"});
    metadata.sends_issuer =
        platform::json::get_bool(*object, "authorization_response_iss_parameter_supported").value_or(false);
    return metadata;
}

MetadataCache::MetadataCache(MetadataRules rules, const Fetcher& fetcher, const platform::Clock& clock)
    : m_rules(std::move(rules)), m_fetcher(fetcher), m_clock(clock) {}

std::shared_ptr<const ProviderMetadata> MetadataCache::known() const {
    const std::lock_guard lock(m_mutex);
    return m_known;
}

Result<ProviderMetadata> MetadataCache::fetch() const {
    std::string base = m_rules.issuer;
    if (base.ends_with('/'))
        base.pop_back();
    KEYFOB_TRY_ASSIGN(const std::string text, fetch_document(m_fetcher, base + k_path));
    return parse_metadata(text, m_rules);
}

Result<std::shared_ptr<const ProviderMetadata>> MetadataCache::get() {
    const std::lock_guard one_at_a_time(m_fetching);
    const auto now = m_clock.steady_now();
    {
        const std::lock_guard lock(m_mutex);
        if (m_known && now < m_fresh_until)
            return m_known;
        if (m_last_error && now < m_next_try)
            return m_known ? Result<std::shared_ptr<const ProviderMetadata>>(m_known) : *m_last_error;
    }
    auto fetched = fetch();
    const std::lock_guard lock(m_mutex);
    if (fetched) {
        m_known = std::make_shared<const ProviderMetadata>(std::move(*fetched));
        m_fresh_until = now + k_fresh;
        m_last_error.reset();
        return m_known;
    }
    m_last_error = fetched.error();
    m_next_try = m_clock.steady_now() + k_pause_after_failure;
    if (m_known)
        return m_known;
    return std::move(fetched).error();
}

} // namespace keyfob::server::identity
