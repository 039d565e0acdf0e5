#include "server/identity/demo_provider.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/jwt.h"
#include "platform/json.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <kainjow/mustache.hpp>

#include <algorithm>

namespace keyfob::server::identity {
namespace {

using platform::http::Request;
using platform::http::Response;

constexpr const char* k_client_id = "keyfob-demo";
constexpr std::size_t k_most_grants = 1000;
constexpr std::size_t k_longest_name = 256; // octets; the form takes 64 characters
/// What of the request comes back with the form.
constexpr const char* k_kept[] = {"client_id", "redirect_uri",   "response_type",         "scope",
                                  "state",     "code_challenge", "code_challenge_method", "nonce"};
constexpr std::int64_t k_code_seconds = 60;
constexpr std::int64_t k_token_seconds = 300;

constexpr const char* k_page = R"(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Demo identity provider</title>
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main>
<h1>Demo identity provider</h1>
<p>This stands for Google, GitHub or your company's sign-in. It believes any name.</p>
<form method="post" action="{{action}}">
{{#hidden}}<input type="hidden" name="{{key}}" value="{{value}}">
{{/hidden}}<label for="name">Your name</label>
<input id="name" name="name" required maxlength="64" autocomplete="name" autofocus>
<button name="action" value="cancel" formnovalidate>Cancel</button>
<button name="action" value="sign_in">Sign in</button>
</form>
</main>
</body>
</html>
)";

Response json_response(int status, const Poco::JSON::Object& object) {
    Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.body = platform::json::to_text(object);
    return response;
}

Response error_response(int status, const char* code) {
    Poco::JSON::Object object;
    object.set("error", code);
    return json_response(status, object);
}

Response redirect(const std::string& base, const platform::Parameters& parameters) {
    Response response;
    response.status = 303;
    response.headers.set("Location", platform::with_query(base, parameters));
    return response;
}

Poco::JSON::Array::Ptr array_of(std::initializer_list<const char*> texts) {
    Poco::JSON::Array::Ptr array(new Poco::JSON::Array);
    for (const char* text : texts)
        array->add(std::string(text));
    return array;
}

/// The same name is the same person.
std::string subject_of(const std::string& name) {
    return platform::hex_encode(platform::sha256("demo subject " + name)).substr(0, 24);
}

/// Letters and digits, one dot for everything between them; a name without any gets a part of its subject.
std::string email_of(const std::string& name) {
    std::string local;
    for (const char c : platform::lower_case(name)) {
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            local += c;
        else if (!local.empty() && local.back() != '.')
            local += '.';
    }
    while (local.ends_with('.'))
        local.pop_back();
    return (local.empty() ? "user-" + subject_of(name).substr(0, 8) : local) + "@demo.example";
}

std::string trimmed(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return std::string(text);
}

bool is_name(const std::string& name) {
    return !name.empty() && name.size() <= k_longest_name && std::none_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
}

void set_person(Poco::JSON::Object& object, const std::string& name) {
    object.set("sub", subject_of(name));
    object.set("name", name);
    object.set("email", email_of(name));
    object.set("email_verified", true);
}

} // namespace

DemoProvider::DemoProvider(std::string issuer, std::string redirect_uri, const platform::Clock& clock,
                           platform::Random& random)
    : m_issuer(std::move(issuer)), m_path(platform::Url::parse(m_issuer).value().path),
      m_redirect_uri(std::move(redirect_uri)), m_clock(clock), m_random(random),
      m_key(platform::jose::EcKey::generate()) {}

std::optional<Response> DemoProvider::handle(const Request& request) {
    if (!request.path.starts_with(m_path))
        return std::nullopt;
    const std::string path = request.path.substr(m_path.size());
    const bool is_post = request.method == "POST";
    const auto query = platform::Parameters::parse(request.query);
    const auto form = platform::Parameters::parse(is_post ? request.body : "");
    if (!query || !form || (is_post && platform::http::media_type(request.headers) != platform::http::k_form_type))
        return error_response(400, "invalid_request");
    const std::string what = request.method + " " + path;
    if (what == "GET /.well-known/openid-configuration")
        return metadata();
    if (what == "GET /jwks")
        return keys();
    if (what == "GET /authorize")
        return show_page(*query);
    if (what == "POST /authorize")
        return answer_page(*form);
    if (what == "POST /token")
        return token(*form);
    if (what == "GET /userinfo")
        return user_info(request);
    return std::nullopt;
}

Response DemoProvider::metadata() const {
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("issuer", m_issuer);
    object.set("authorization_endpoint", m_issuer + "/authorize");
    object.set("token_endpoint", m_issuer + "/token");
    object.set("userinfo_endpoint", m_issuer + "/userinfo");
    object.set("jwks_uri", m_issuer + "/jwks");
    object.set("response_types_supported", array_of({"code"}));
    object.set("subject_types_supported", array_of({"public"}));
    object.set("id_token_signing_alg_values_supported", array_of({"ES256"}));
    object.set("code_challenge_methods_supported", array_of({"S256"}));
    object.set("token_endpoint_auth_methods_supported", array_of({"none"}));
    object.set("authorization_response_iss_parameter_supported", true);
    return json_response(200, object);
}

Response DemoProvider::keys() const {
    Poco::JSON::Object::Ptr key = m_key.public_jwk();
    key->set("kid", m_key.thumbprint());
    key->set("use", "sig");
    key->set("alg", "ES256");
    Poco::JSON::Array::Ptr all(new Poco::JSON::Array);
    all->add(key);
    Poco::JSON::Object object;
    object.set("keys", all);
    return json_response(200, object);
}

bool DemoProvider::is_valid(const platform::Parameters& query) const {
    return query.get("client_id") == k_client_id && query.get("redirect_uri") == m_redirect_uri &&
           query.get("response_type") == "code" && query.get("code_challenge_method") == "S256" &&
           query.get("code_challenge").size() == 43 && !query.get("state").empty();
}

Response DemoProvider::page(const platform::Parameters& request) const {
    namespace mustache = kainjow::mustache;
    mustache::data hidden{mustache::data::type::list};
    for (const char* name : k_kept) {
        mustache::data entry;
        entry.set("key", name);
        entry.set("value", request.get(name));
        hidden << entry;
    }
    mustache::data values;
    values.set("action", m_path + "/authorize");
    values.set("hidden", hidden);
    Response response;
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    response.headers.set(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
    response.body = mustache::mustache(k_page).render(values);
    return response;
}

Response DemoProvider::show_page(const platform::Parameters& query) const {
    return is_valid(query) ? page(query) : error_response(400, "invalid_request");
}

Response DemoProvider::answer_page(const platform::Parameters& form) {
    if (!is_valid(form))
        return error_response(400, "invalid_request");
    platform::Parameters answer;
    const std::string name = trimmed(form.get("name"));
    if (form.get("action") == "sign_in" && !is_name(name))
        return page(form); // the form asks for it; who sends it without is asked again
    if (form.get("action") == "sign_in") {
        Grant grant{name, form.get("nonce"), form.get("code_challenge"), now(), 0};
        answer.add("code", add(m_codes, std::move(grant), k_code_seconds));
    } else {
        answer.add("error", "access_denied");
        answer.add("error_description", "the person cancelled");
    }
    answer.add("state", form.get("state"));
    answer.add("iss", m_issuer);
    return redirect(m_redirect_uri, answer);
}

std::string DemoProvider::add(Grants& grants, Grant grant, std::int64_t seconds) {
    grant.expires_at = now() + seconds;
    std::string key = m_random.token();
    const std::lock_guard lock(m_mutex);
    std::erase_if(grants, [&](const auto& entry) { return entry.second.expires_at <= now(); });
    if (grants.size() >= k_most_grants)
        grants.erase(grants.begin());
    grants[key] = std::move(grant);
    return key;
}

std::optional<DemoProvider::Grant> DemoProvider::find(Grants& grants, const std::string& key, bool consume) {
    const std::lock_guard lock(m_mutex);
    const auto found = grants.find(key);
    if (found == grants.end() || found->second.expires_at <= now())
        return std::nullopt;
    Grant grant = found->second;
    if (consume)
        grants.erase(found);
    return grant;
}

std::string DemoProvider::id_token(const Grant& grant, const std::string& access_token) const {
    Poco::JSON::Object header;
    header.set("kid", m_key.thumbprint());
    Poco::JSON::Object claims;
    claims.set("iss", m_issuer);
    claims.set("aud", std::string(k_client_id));
    claims.set("iat", now());
    claims.set("auth_time", grant.signed_in_at);
    claims.set("exp", now() + k_token_seconds);
    if (!grant.nonce.empty())
        claims.set("nonce", grant.nonce);
    claims.set("at_hash", platform::base64url_encode(platform::sha256(access_token).substr(0, 16)));
    set_person(claims, grant.name);
    return platform::jose::sign_jwt(m_key, header, claims);
}

Response DemoProvider::token(const platform::Parameters& form) {
    const auto grant = find(m_codes, form.get("code"), true);
    const std::string challenge = platform::base64url_encode(platform::sha256(form.get("code_verifier")));
    if (!grant || form.get("grant_type") != "authorization_code" || form.get("client_id") != k_client_id ||
        form.get("redirect_uri") != m_redirect_uri || challenge != grant->code_challenge)
        return error_response(400, "invalid_grant");
    const std::string access_token = add(m_access_tokens, *grant, k_token_seconds);
    Poco::JSON::Object object;
    object.set("access_token", access_token);
    object.set("token_type", "Bearer");
    object.set("expires_in", k_token_seconds);
    object.set("id_token", id_token(*grant, access_token));
    return json_response(200, object);
}

Response DemoProvider::user_info(const Request& request) {
    constexpr std::string_view k_scheme = "Bearer ";
    const std::string* field = request.headers.find("Authorization");
    const auto grant = field != nullptr && field->starts_with(k_scheme)
                           ? find(m_access_tokens, field->substr(k_scheme.size()), false)
                           : std::nullopt;
    if (!grant)
        return error_response(401, "invalid_token");
    Poco::JSON::Object object;
    set_person(object, grant->name);
    return json_response(200, object);
}

} // namespace keyfob::server::identity
