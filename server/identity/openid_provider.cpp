#include "server/identity/openid_provider.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/jwt.h"
#include "platform/json.h"
#include "server/identity/id_token.h"
#include "server/identity/logout_token.h"
#include "server/identity/person.h"
#include "server/identity/token_request.h"

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
namespace json = platform::json;

constexpr const char* k_scope = "openid profile email";
constexpr std::string_view k_google_mail = "@gmail.com";

Error too_many_groups() {
    return {ErrorKind::invalid, "this person is in more groups than its id_token can tell"};
}

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
    const bool has_group_scope =
        !m_options.group_scope.empty() && lists(metadata->scopes, m_options.group_scope.c_str());
    query.add("scope", has_group_scope ? k_scope + (" " + m_options.group_scope) : k_scope);
    query.add("state", attempt.state);
    query.add("nonce", attempt.nonce);
    if (!m_settings.pkce_unsupported) {
        query.add("code_challenge", platform::base64url_encode(platform::sha256(attempt.code_verifier)));
        query.add("code_challenge_method", "S256");
    }
    return platform::with_query(metadata->authorization_endpoint, query);
}

std::vector<std::string> OpenIdProvider::issuers() const {
    std::vector<std::string> all{m_settings.issuer};
    all.insert(all.end(), m_options.other_issuers.begin(), m_options.other_issuers.end());
    return all;
}

Result<signin::LogoutNotice> OpenIdProvider::read_logout_token(const std::string& text) {
    const auto token = platform::jose::parse_jwt(text);
    if (!token)
        return Error{ErrorKind::invalid, "the logout token is not well-formed"};
    KEYFOB_TRY_ASSIGN(const auto metadata, m_metadata.get());
    KEYFOB_TRY(check_logout_token_header(*token, metadata->signing_algorithms));
    KEYFOB_TRY(m_keys.verify(*token, metadata->jwks_uri));
    KEYFOB_TRY_ASSIGN(auto notice,
                      read_logout_claims(*token, {issuers(), m_settings.client_id, platform::to_unix(m_clock.now())}));
    if (!m_options.tenant.empty())
        notice.subject.clear(); // its `sub` is not what we know a person by (RP-12); the session is
    if (notice.subject.empty() && notice.session_id.empty())
        return Error{ErrorKind::invalid, "the logout token is not valid: it does not say which session"};
    return notice;
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
    expected.issuers = issuers();
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
    identity.session_id = json::get_string(claims, "sid").value_or("");
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
    judge_email(identity);
    return identity;
}

/// Entra's addresses are what somebody has typed in (nOAuth). Google vouches for its own, and for those of a hosted domain while the account is in
/// it; that of a private account it has verified once, and whoever has left the domain since still has it.
void OpenIdProvider::judge_email(signin::Identity& identity) const {
    const bool is_googles =
        identity.email.size() > k_google_mail.size() &&
        platform::equal_ignoring_case(
            std::string_view(identity.email).substr(identity.email.size() - k_google_mail.size()), k_google_mail);
    const bool is_vouched_for = !m_options.has_hosted_domains || is_googles || !identity.hosted_domain.empty();
    identity.email_verified = identity.email_verified && m_options.verifies_email && is_vouched_for;
}

Result<signin::Identity> OpenIdProvider::believe(const std::string& claims) const {
    KEYFOB_TRY_ASSIGN(const auto object, json::parse_object(claims));
    if (!is_subject(json::get_string(*object, "sub").value_or("")))
        return Error{ErrorKind::invalid, "the claims have no sub, or none that can be one"};
    if (m_settings.needs_groups && keeps_elsewhere(*object, m_settings.groups_claim))
        return too_many_groups();
    return identity_of(*object);
}

Result<void> OpenIdProvider::complete_identity(signin::Identity& identity, const Poco::JSON::Object& claims,
                                               const ProviderMetadata& metadata,
                                               const std::string& access_token) const {
    const bool lacks_groups = m_settings.needs_groups && !claims.has(m_settings.groups_claim);
    if (lacks_groups && keeps_elsewhere(claims, m_settings.groups_claim))
        return too_many_groups();
    const bool lacks_something = identity.name.empty() || identity.email.empty() || lacks_groups;
    if (lacks_something && !metadata.userinfo_endpoint.empty() && !access_token.empty()) {
        KEYFOB_TRY_ASSIGN(const auto more, user_info(metadata, access_token, json::get_string(claims, "sub").value()));
        add_person(identity, *more);
        if (lacks_groups)
            add_groups(identity, *more, m_settings.groups_claim);
    }
    judge_email(identity);
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
