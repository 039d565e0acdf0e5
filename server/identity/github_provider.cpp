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

using Rows = std::vector<Poco::JSON::Object::Ptr>;

constexpr std::size_t k_page_length = 100; ///< the most that it gives
constexpr int k_most_pages = 20;

/// The primary address, if it is verified (RP-13).
std::string primary_email(const Rows& rows) {
    for (const Poco::JSON::Object::Ptr& row : rows)
        if (json::get_bool(*row, "primary").value_or(false) && json::get_bool(*row, "verified").value_or(false))
            return bounded_email(json::get_string(*row, "email").value_or(""));
    return {};
}

/// The objects of a list; what else is in it says nothing.
Rows rows_of(const Poco::JSON::Array::Ptr& array) {
    Rows rows;
    for (unsigned i = 0; !array.isNull() && i < array->size(); ++i)
        if (const Poco::JSON::Object::Ptr row = array->getObject(i); !row.isNull())
            rows.push_back(row);
    return rows;
}

Result<Rows> parse_rows(const std::string& text) {
    const auto wrapped = json::parse_object("{\"rows\":" + text + "}"); // our parser takes objects, this is an array
    const auto array = wrapped && (*wrapped)->size() == 1 ? json::get_array(**wrapped, "rows") : nullptr;
    if (array.isNull())
        return Error{ErrorKind::invalid, "what should be a list is none"};
    return rows_of(array);
}

std::string name_in(const Poco::JSON::Object::Ptr& object, const char* member) {
    return object.isNull() ? std::string() : json::get_string(*object, member).value_or("");
}

/// Invited is not yet a member.
std::vector<std::string> active_organizations(const Rows& memberships) {
    std::vector<std::string> names;
    for (const Poco::JSON::Object::Ptr& row : memberships)
        if (std::string name = name_in(json::get_object(*row, "organization"), "login");
            !name.empty() && json::get_string(*row, "state") == "active")
            names.push_back(std::move(name));
    return names;
}

std::vector<std::string> teams_of(const Rows& rows) {
    std::vector<std::string> names;
    for (const Poco::JSON::Object::Ptr& row : rows) {
        const std::string organization = name_in(json::get_object(*row, "organization"), "login");
        const std::string team = name_in(row, "slug");
        if (!organization.empty() && !team.empty())
            names.push_back(organization + "/" + team);
    }
    return names;
}

} // namespace

GithubProvider::GithubProvider(ProviderSettings settings, std::string redirect_uri, std::unique_ptr<Fetcher> fetcher)
    : m_settings(std::move(settings)), m_issuer(m_settings.issuer),
      m_api(m_issuer == k_github ? k_github_api : m_issuer + "/api/v3"), m_redirect_uri(std::move(redirect_uri)),
      m_fetcher(std::move(fetcher)) {}

bool GithubProvider::accepts_issuer(const std::string& issuer) const {
    return issuer.empty() || issuer == m_issuer + "/login/oauth";
}

Result<std::string> GithubProvider::authorization_url(const signin::UpstreamAttempt& attempt) {
    platform::Parameters query;
    query.add("client_id", m_settings.client_id);
    query.add("redirect_uri", m_redirect_uri);
    const bool needs_memberships = m_settings.needs_organizations || m_settings.needs_teams;
    query.add("scope", std::string("read:user user:email") + (needs_memberships ? " read:org" : ""));
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

/// Pages are counted and not followed: a `Link` could lead anywhere.
Result<GithubProvider::Rows> GithubProvider::list(const std::string& path, const std::string& access_token) const {
    Rows all;
    for (int page = 1; page <= k_most_pages; ++page) {
        const std::string query = std::string(path.find('?') == std::string::npos ? "?" : "&") +
                                  "per_page=" + std::to_string(k_page_length) + "&page=" + std::to_string(page);
        KEYFOB_TRY_ASSIGN(const std::string text, fetch(path + query, access_token));
        KEYFOB_TRY_ASSIGN(const auto rows, parse_rows(text));
        all.insert(all.end(), rows.begin(), rows.end());
        if (rows.size() < k_page_length)
            return all;
    }
    return Error{ErrorKind::invalid, "its list " + path + " has no end"};
}

Result<std::string> GithubProvider::verified_email(const std::string& access_token) const {
    KEYFOB_TRY_ASSIGN(const auto rows, list("/user/emails", access_token));
    return primary_email(rows);
}

/// Nothing is asked for that no rule needs.
Result<void> GithubProvider::add_memberships(signin::Identity& identity, const std::string& access_token) const {
    if (m_settings.needs_organizations) {
        KEYFOB_TRY_ASSIGN(const auto rows, list("/user/memberships/orgs?state=active", access_token));
        identity.organizations = active_organizations(rows);
    }
    if (m_settings.needs_teams) {
        KEYFOB_TRY_ASSIGN(const auto rows, list("/user/teams", access_token));
        identity.teams = teams_of(rows);
    }
    return {};
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
    KEYFOB_TRY_ASSIGN(const auto user, json::parse_object(user_text));
    KEYFOB_TRY_ASSIGN(signin::Identity identity, identity_of(*user));
    KEYFOB_TRY_ASSIGN(identity.email, verified_email(*access_token));
    identity.email_verified = !identity.email.empty();
    KEYFOB_TRY(add_memberships(identity, *access_token));
    return identity;
}

Result<signin::Identity> GithubProvider::identity_of(const Poco::JSON::Object& user) const {
    const auto number = json::get_integer(user, "id");
    if (!number || *number <= 0)
        return Error{ErrorKind::invalid, "its answer does not say who it is"};
    signin::Identity identity;
    identity.issuer = m_issuer;
    identity.subject = std::to_string(*number); // the login name can change hands, the number cannot (RP-12)
    const std::string login = json::get_string(user, "login").value_or("");
    identity.name = bounded_name(json::get_string(user, "name").value_or(login));
    identity.claims.emplace_back("login", login);
    return identity;
}

Result<signin::Identity> GithubProvider::believe(const std::string& claims) const {
    KEYFOB_TRY_ASSIGN(const auto object, json::parse_object(claims));
    KEYFOB_TRY_ASSIGN(signin::Identity identity, identity_of(*object));
    const auto rows = [&](const char* name) { return rows_of(json::get_array(*object, name)); };
    identity.email = primary_email(rows("emails"));
    identity.email_verified = !identity.email.empty();
    identity.organizations = active_organizations(rows("organizations"));
    identity.teams = teams_of(rows("teams"));
    return identity;
}

} // namespace keyfob::server::identity
