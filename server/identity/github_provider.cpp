#include "server/identity/github_provider.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/json.h"
#include "server/identity/person.h"
#include "server/identity/token_request.h"

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
namespace json = platform::json;

constexpr const char* k_github = "https://github.com";
constexpr const char* k_github_api = "https://api.github.com";

/// The primary address, if it is verified (RP-13).
std::string primary_email(const Poco::JSON::Array& rows) {
    for (unsigned i = 0; i < rows.size(); ++i) {
        const Poco::JSON::Object::Ptr row = rows.getObject(i);
        if (!row.isNull() && json::get_bool(*row, "primary").value_or(false) &&
            json::get_bool(*row, "verified").value_or(false))
            return bounded_email(json::get_string(*row, "email").value_or(""));
    }
    return {};
}

} // namespace

GithubProvider::GithubProvider(ProviderSettings settings, std::string redirect_uri, std::unique_ptr<Fetcher> fetcher)
    : m_settings(std::move(settings)), m_issuer(m_settings.issuer.empty() ? k_github : m_settings.issuer),
      m_api(m_issuer == k_github ? k_github_api : m_issuer + "/api/v3"), m_redirect_uri(std::move(redirect_uri)),
      m_fetcher(std::move(fetcher)) {}

bool GithubProvider::accepts_issuer(const std::string& issuer) const {
    return issuer.empty() || issuer == m_issuer + "/login/oauth";
}

Result<std::string> GithubProvider::authorization_url(const signin::UpstreamAttempt& attempt) {
    platform::Parameters query;
    query.add("client_id", m_settings.client_id);
    query.add("redirect_uri", m_redirect_uri);
    query.add("scope", "read:user user:email");
    query.add("state", attempt.state);
    query.add("code_challenge", platform::base64url_encode(platform::sha256(attempt.code_verifier)));
    query.add("code_challenge_method", "S256");
    return platform::with_query(m_issuer + "/login/oauth/authorize", query);
}

Result<std::string> GithubProvider::fetch(const std::string& path, const std::string& access_token) const {
    platform::http::Headers headers;
    headers.set("Authorization", "Bearer " + access_token);
    headers.set("X-GitHub-Api-Version", "2022-11-28");
    return fetch_document(*m_fetcher, m_api + path, std::move(headers));
}

Result<std::string> GithubProvider::verified_email(const std::string& access_token) const {
    KEYFOB_TRY_ASSIGN(const std::string text, fetch("/user/emails", access_token));
    const auto wrapped = json::parse_object("{\"emails\":" + text + "}"); // our parser takes objects, this is an array
    const auto rows = wrapped ? json::get_array(**wrapped, "emails") : nullptr;
    if (rows.isNull() || (*wrapped)->size() != 1)
        return Error{ErrorKind::invalid, "its list of e-mail addresses is not one"};
    return primary_email(*rows);
}

Result<signin::Identity> GithubProvider::complete(const signin::UpstreamAttempt& attempt, const std::string& code,
                                                  const std::string& issuer) {
    if (!accepts_issuer(issuer))
        return Error{ErrorKind::invalid, "the answer is another provider's"};
    const TokenRequest request{m_issuer + "/login/oauth/access_token",
                               m_settings.client_id,
                               m_settings.client_secret,
                               {"client_secret_post"},
                               code,
                               attempt.code_verifier,
                               m_redirect_uri};
    KEYFOB_TRY_ASSIGN(const auto tokens, request_token(*m_fetcher, request));
    const auto access_token = json::get_string(*tokens, "access_token");
    if (!access_token)
        return Error{ErrorKind::invalid, "its answer has no access token"};
    KEYFOB_TRY_ASSIGN(const std::string user_text, fetch("/user", *access_token));
    const auto user = json::parse_object(user_text);
    const auto number = user ? json::get_integer(**user, "id") : std::nullopt;
    if (!number || *number <= 0)
        return Error{ErrorKind::invalid, "its answer does not say who it is"};
    signin::Identity identity;
    KEYFOB_TRY_ASSIGN(identity.email, verified_email(*access_token));
    identity.email_verified = !identity.email.empty();
    identity.issuer = m_issuer;
    identity.subject = std::to_string(*number); // the login name can change hands, the number cannot (RP-12)
    const std::string login = json::get_string(**user, "login").value_or("");
    identity.name = bounded_name(json::get_string(**user, "name").value_or(login));
    identity.claims.emplace_back("login", login);
    return identity;
}

} // namespace keyfob::server::identity
