#include "server/identity/provider_metadata.h"

#include "platform/json.h"

#include <algorithm>

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr const char* k_default_method = "client_secret_basic"; // Discovery 1.0, section 3
constexpr const char* k_path = "/.well-known/openid-configuration";

Error refused_metadata(const std::string& why) {
    return {ErrorKind::invalid, "its metadata is not acceptable: " + why};
}

bool is_endpoint(const std::string& text, bool plain_http) {
    const auto url = platform::Url::parse(text);
    return url && (url->origin.scheme == "https" || (plain_http && url->origin.is_loopback()));
}

/// The list `name`; nullopt when it is absent or null. One that is no list of texts counts as empty: what we cannot read offers nothing.
std::optional<std::vector<std::string>> list_of(const Poco::JSON::Object& object, const char* name) {
    if (!object.has(name) || object.isNull(name))
        return std::nullopt;
    return platform::json::get_strings(object, name).value_or(std::vector<std::string>{});
}

/// RP-09: only what we can verify and the provider says it uses. `none` and HS* are never among them.
std::vector<std::string> signing_algorithms(const Poco::JSON::Object& object) {
    std::vector<std::string> known{"RS256", "ES256"};
    if (const auto announced = list_of(object, "id_token_signing_alg_values_supported"))
        std::erase_if(known, [&](const std::string& name) { return !lists(*announced, name.c_str()); });
    return known;
}

Result<void> check_endpoints(const ProviderMetadata& metadata, bool plain_http) {
    const std::pair<const char*, const std::string&> endpoints[] = {
        {"authorization_endpoint", metadata.authorization_endpoint},
        {"token_endpoint", metadata.token_endpoint},
        {"jwks_uri", metadata.jwks_uri}};
    for (const auto& [name, url] : endpoints)
        if (!is_endpoint(url, plain_http))
            return refused_metadata(std::string(name) + " is missing or not https");
    if (!metadata.userinfo_endpoint.empty() && !is_endpoint(metadata.userinfo_endpoint, plain_http))
        return refused_metadata("userinfo_endpoint is not https");
    return {};
}

} // namespace

bool lists(const std::vector<std::string>& values, const char* wanted) {
    return std::find(values.begin(), values.end(), wanted) != values.end();
}

std::string discovery_url(const std::string& issuer) {
    return (issuer.ends_with('/') ? issuer.substr(0, issuer.size() - 1) : issuer) + k_path;
}

Result<ProviderMetadata> parse_metadata(std::string_view text, const MetadataRules& rules) {
    const auto parsed = platform::json::parse_object(text);
    if (!parsed)
        return refused_metadata("it is no well-formed JSON object");
    const Poco::JSON::Object& object = **parsed;
    const auto member = [&](const char* name) { return platform::json::get_string(object, name).value_or(""); };
    ProviderMetadata metadata;
    metadata.issuer = member("issuer");
    if (metadata.issuer != rules.issuer)
        return refused_metadata("its issuer is not \"" + rules.issuer + "\" letter by letter");
    metadata.authorization_endpoint = member("authorization_endpoint");
    metadata.token_endpoint = member("token_endpoint");
    metadata.jwks_uri = member("jwks_uri");
    metadata.userinfo_endpoint = member("userinfo_endpoint");
    KEYFOB_TRY(check_endpoints(metadata, rules.plain_http));
    const auto challenges = list_of(object, "code_challenge_methods_supported");
    if (challenges && !lists(*challenges, "S256") && !rules.pkce_unsupported) // RP-04
        return refused_metadata("it does not support PKCE with S256");
    metadata.signing_algorithms = signing_algorithms(object);
    if (metadata.signing_algorithms.empty())
        return refused_metadata("it signs id_tokens with neither RS256 nor ES256");
    metadata.token_auth_methods =
        list_of(object, "token_endpoint_auth_methods_supported").value_or(std::vector<std::string>{k_default_method});
    metadata.scopes = list_of(object, "scopes_supported").value_or(std::vector<std::string>{});
    metadata.sends_issuer =
        platform::json::get_bool(object, "authorization_response_iss_parameter_supported").value_or(false);
    return metadata;
}

MetadataCache::MetadataCache(MetadataRules rules, const Fetcher& fetcher, const platform::Clock& clock)
    : m_rules(std::move(rules)), m_fetcher(fetcher), m_clock(clock) {}

std::shared_ptr<const ProviderMetadata> MetadataCache::known() const {
    const std::lock_guard lock(m_mutex);
    return m_known;
}

Result<ProviderMetadata> MetadataCache::fetch() const {
    KEYFOB_TRY_ASSIGN(const std::string text, fetch_document(m_fetcher, discovery_url(m_rules.issuer)));
    return parse_metadata(text, m_rules);
}

std::optional<Result<MetadataCache::Known>> MetadataCache::remembered(bool even_if_old) const {
    const std::lock_guard lock(m_mutex);
    const auto now = m_clock.steady_now();
    if (m_known && (even_if_old || now < m_fresh_until || (m_last_error && now < m_next_try)))
        return m_known;
    if (!m_known && m_last_error && (even_if_old || now < m_next_try))
        return Result<Known>(*m_last_error);
    return std::nullopt;
}

Result<MetadataCache::Known> MetadataCache::remember(Result<ProviderMetadata> fetched) {
    const std::lock_guard lock(m_mutex);
    if (fetched) {
        m_known = std::make_shared<const ProviderMetadata>(std::move(*fetched));
        m_fresh_until = m_clock.steady_now() + k_document_fresh;
        m_last_error.reset();
        return m_known;
    }
    m_last_error = fetched.error();
    m_next_try = m_clock.steady_now() + k_pause_after_failure;
    const ErrorKind kind = fetched.error().kind;
    const bool is_away = kind == ErrorKind::unreachable || kind == ErrorKind::timed_out;
    if (!is_away)
        m_known =
            nullptr; // it is there and says something that we refuse: the old document is not true any more (RP-08)
    if (m_known)
        return m_known;
    return std::move(fetched).error();
}

Result<MetadataCache::Known> MetadataCache::get() {
    if (auto answer = remembered(false))
        return std::move(*answer);
    std::unique_lock fetching(m_fetching, std::try_to_lock);
    if (!fetching) {
        if (auto answer = remembered(true))
            return std::move(*answer);
        fetching.lock();
        if (auto answer = remembered(false)) // the one we waited for has asked
            return std::move(*answer);
    }
    return remember(fetch());
}

} // namespace keyfob::server::identity
