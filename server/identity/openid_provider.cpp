#include "server/identity/openid_provider.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/jwt.h"
#include "platform/json.h"
#include "server/identity/id_token.h"
#include "server/identity/person.h"
#include "server/identity/token_request.h"

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
namespace json = platform::json;

/// A claim that only another endpoint tells (Core 5.6.2): Entra's way to say that there are too many groups. Such endpoints are never asked.
bool keeps_elsewhere(const Poco::JSON::Object& claims, const std::string& name) {
    const auto names = json::get_object(claims, "_claim_names");
    return !names.isNull() && names->has(name);
}

} // namespace

OpenIdProvider::OpenIdProvider(ProviderSettings settings, OpenIdOptions options, std::string redirect_uri,
                               const platform::Clock& clock, std::unique_ptr<Fetcher> fetcher)
    : m_settings(std::move(settings)), m_options(std::move(options)), m_redirect_uri(std::move(redirect_uri)),
      m_clock(clock), m_fetcher(std::move(fetcher)),
      m_metadata({m_settings.issuer, m_settings.pkce_unsupported, m_settings.is_demo}, *m_fetcher, clock),
      m_keys(*m_fetcher, clock) {}

bool OpenIdProvider::accepts_issuer(const std::string& issuer) const {
    if (!issuer.empty())
        return issuer == m_settings.issuer;
    const auto metadata = m_metadata.known();
    return !metadata || !metadata->sends_issuer;
}

Result<void> OpenIdProvider::prepare() {
    KEYFOB_TRY(m_metadata.get());
    return {};
}

Result<std::string> OpenIdProvider::authorization_url(const signin::UpstreamAttempt& attempt) {
    KEYFOB_TRY_ASSIGN(const auto metadata, m_metadata.get());
    platform::Parameters query;
    query.add("response_type", "code");
    query.add("client_id", m_settings.client_id);
    query.add("redirect_uri", m_redirect_uri);
    query.add("scope", m_options.scope);
    query.add("state", attempt.state);
    query.add("nonce", attempt.nonce);
    if (!m_settings.pkce_unsupported) {
        query.add("code_challenge", platform::base64url_encode(platform::sha256(attempt.code_verifier)));
        query.add("code_challenge_method", "S256");
    }
    return platform::with_query(metadata->authorization_endpoint, query);
}

Result<Poco::JSON::Object::Ptr> OpenIdProvider::verified_claims(const Poco::JSON::Object& tokens,
                                                                const std::string& nonce, const std::string& code,
                                                                const ProviderMetadata& metadata) {
    const auto text = json::get_string(tokens, "id_token");
    if (!text)
        return Error{ErrorKind::invalid, "its answer has no id_token"};
    const auto token = platform::jose::parse_jwt(*text);
    if (!token)
        return Error{ErrorKind::invalid, "its id_token is not well-formed"};
    KEYFOB_TRY(check_id_token_header(*token, metadata.signing_algorithms));
    KEYFOB_TRY(m_keys.verify(*token, metadata.jwks_uri));
    IdTokenExpectation expected;
    expected.issuers = m_options.other_issuers;
    expected.issuers.push_back(m_settings.issuer);
    expected.client_id = m_settings.client_id;
    expected.nonce = nonce;
    expected.access_token = json::get_string(tokens, "access_token").value_or("");
    expected.code = code;
    expected.now = platform::to_unix(m_clock.now());
    KEYFOB_TRY(check_id_token_claims(*token, expected));
    return token->payload;
}

Result<Poco::JSON::Object::Ptr> OpenIdProvider::user_info(const ProviderMetadata& metadata,
                                                          const std::string& access_token,
                                                          const std::string& subject) const {
    platform::http::Headers headers;
    headers.set("Authorization", "Bearer " + access_token); // RP-11: never in the query
    KEYFOB_TRY_ASSIGN(const std::string text,
                      fetch_document(*m_fetcher, metadata.userinfo_endpoint, std::move(headers)));
    const auto claims = json::parse_object(text);
    if (!claims)
        return Error{ErrorKind::invalid, "its userinfo is no well-formed JSON object"};
    if (json::get_string(**claims, "sub") != subject)
        return Error{ErrorKind::invalid, "its userinfo is about somebody else"};
    return *claims;
}

Result<signin::Identity> OpenIdProvider::identity_of(const Poco::JSON::Object& claims) const {
    signin::Identity identity;
    identity.issuer = m_settings.issuer;
    identity.subject = json::get_string(claims, "sub").value();
    if (!m_options.tenant.empty()) {
        const auto object_id = json::get_string(claims, "oid");
        if (json::get_string(claims, "tid") != m_options.tenant)
            return Error{ErrorKind::invalid, "its id_token is of another tenant"};
        if (!object_id || !is_subject(*object_id))
            return Error{ErrorKind::invalid, "its id_token has no oid"};
        identity.subject = *object_id;
    }
    add_person(identity, claims);
    add_groups(identity, claims, m_settings.groups_claim);
    if (m_options.has_hosted_domains)
        identity.hosted_domain = json::get_string(claims, "hd").value_or("");
    return identity;
}

Result<signin::Identity> OpenIdProvider::believe(const std::string& claims) const {
    KEYFOB_TRY_ASSIGN(const auto object, json::parse_object(claims));
    if (!json::get_string(*object, "sub"))
        return Error{ErrorKind::invalid, "the claims have no sub"};
    KEYFOB_TRY_ASSIGN(signin::Identity identity, identity_of(*object));
    identity.email_verified = identity.email_verified && m_options.verifies_email;
    return identity;
}

Result<void> OpenIdProvider::complete_identity(signin::Identity& identity, const Poco::JSON::Object& claims,
                                               const ProviderMetadata& metadata,
                                               const std::string& access_token) const {
    const bool lacks_groups = m_settings.needs_groups && !claims.has(m_settings.groups_claim);
    if (lacks_groups && keeps_elsewhere(claims, m_settings.groups_claim))
        return Error{ErrorKind::invalid, "this person is in more groups than its id_token can tell"};
    const bool lacks_something = identity.name.empty() || identity.email.empty() || lacks_groups;
    if (lacks_something && !metadata.userinfo_endpoint.empty() && !access_token.empty()) {
        KEYFOB_TRY_ASSIGN(const auto more, user_info(metadata, access_token, json::get_string(claims, "sub").value()));
        add_person(identity, *more);
        if (lacks_groups)
            add_groups(identity, *more, m_settings.groups_claim);
    }
    identity.email_verified = identity.email_verified && m_options.verifies_email;
    return {};
}

Result<signin::Identity> OpenIdProvider::complete(const signin::UpstreamAttempt& attempt, const std::string& code,
                                                  const std::string& issuer) {
    KEYFOB_TRY_ASSIGN(const auto metadata, m_metadata.get());
    if (!accepts_issuer(issuer))
        return Error{ErrorKind::invalid, "the answer is another provider's"};
    KEYFOB_TRY_ASSIGN(const auto tokens,
                      request_token(*m_fetcher, {metadata->token_endpoint, m_settings.client_id,
                                                 m_settings.client_secret, metadata->token_auth_methods, code,
                                                 m_settings.pkce_unsupported ? std::string() : attempt.code_verifier,
                                                 m_redirect_uri}));
    KEYFOB_TRY_ASSIGN(const auto claims, verified_claims(*tokens, attempt.nonce, code, *metadata));
    KEYFOB_TRY_ASSIGN(signin::Identity identity, identity_of(*claims));
    KEYFOB_TRY(complete_identity(identity, *claims, *metadata, json::get_string(*tokens, "access_token").value_or("")));
    return identity;
}

} // namespace keyfob::server::identity
