#include "server/api/client.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/dpop.h"
#include "platform/jose/jwt.h"
#include "platform/jose/preflight.h"
#include "platform/json.h"
#include "server/api/routes.h"
#include "server/api/secure_session.h"

#include <algorithm>
#include <charconv>
#include <chrono>

namespace keyfob::server::api {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::SecretString;
namespace json = platform::json;
using Response = platform::http::ClientResponse;

constexpr std::size_t k_proof_id_octets = 16;

// What a server may make us keep and pass on: many accounts must fit into one answer of the agent, headers into what proxies take.
constexpr std::size_t k_longest_id = 255;
constexpr unsigned k_most_sessions = 1000;
constexpr std::size_t k_longest_token = 1024; ///< cookie, challenge, nonce, request URI
constexpr std::size_t k_longest_user_code = 32;
constexpr std::int64_t k_longest_cookie_life = 24L * 3600;
constexpr std::int64_t k_longest_session =
    10L * 366 * 24 * 3600; ///< from now; people are shown it, timers count with it

Error not_ours(const std::string& server, const std::string& why) {
    return {ErrorKind::failed, server + " is no keyfob server: " + why, "check the address", "failed"};
}

Error malformed(const platform::Origin& server) {
    return {ErrorKind::invalid, server.authority() + " sent an answer that makes no sense",
            "is it a keyfob server of a fitting version?", "failed"};
}

/// 502 and 504 are a proxy's words for a server that is just being restarted; 429 is anybody's for too much at once, from our network perhaps.
bool may_pass(int status) {
    constexpr int k_too_many_requests = 429;
    return status == k_too_many_requests || (status >= 502 && status <= 504);
}

/// RFC 9110 section 10.2.3; of its two forms the one that needs no clock. Zero for anything else, and never more than an hour.
std::chrono::seconds retry_after(const Response& response) {
    constexpr int k_longest = 3600;
    const std::string* field = response.headers.find("Retry-After");
    int seconds = 0;
    if (field == nullptr || field->empty() || field->find_first_not_of("0123456789") != std::string::npos)
        return std::chrono::seconds{0};
    const auto [end, error] = std::from_chars(field->data(), field->data() + field->size(), seconds);
    return std::chrono::seconds{error == std::errc() ? std::min(seconds, k_longest) : k_longest};
}

/// The error of an answer that is not the one hoped for. Only JSON of our own form has a code (SE-11: a proxy's 401 is no session_ended).
Error error_of(const platform::Origin& server, const Response& response) {
    const auto object = json::parse_object(response.body);
    const std::string code = object ? json::get_string(**object, "error").value_or("") : "";
    const std::string text = object ? json::get_string(**object, "error_description").value_or("") : "";
    const std::string message =
        text.empty() ? "it answered with status " + std::to_string(response.status) : platform::printable(text, 300);
    const auto wait = retry_after(response);
    return {may_pass(response.status) ? ErrorKind::unreachable : ErrorKind::failed, server.authority() + ": " + message,
            wait.count() > 0 ? "try again in " + std::to_string(wait.count()) + " seconds" : "",
            platform::printable(code, 64), wait};
}

/// The value of our session cookie in the Set-Cookie fields.
std::optional<std::string> cookie_value(const Response& response, const std::string& name) {
    for (const std::string_view field : response.headers.all("Set-Cookie")) {
        const std::string_view pair = field.substr(0, field.find(';'));
        const std::size_t equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return std::string(pair.substr(equals + 1));
    }
    return std::nullopt;
}

/// `"<challenge>";id="…"`
std::string challenge_of(const Response& response) {
    const std::string* field = response.headers.find(k_challenge_header);
    if (field == nullptr || field->size() < 2 || field->front() != '"')
        return {};
    const std::size_t end = field->find('"', 1);
    return end == std::string::npos ? std::string() : field->substr(1, end - 1);
}

std::string cookie_name(const platform::Origin& server) {
    return server.scheme == "https" ? "__Host-keyfob" : "keyfob";
}

bool fits(const std::string& text, std::size_t longest) {
    return !text.empty() && text.size() <= longest;
}

Result<CookieGrant> cookie_grant(const platform::Origin& server, const Response& response,
                                 const Poco::JSON::Object& object, std::int64_t now) {
    CookieGrant grant;
    grant.cookie_name = cookie_name(server);
    auto value = cookie_value(response, grant.cookie_name);
    const auto expires_in = json::get_integer(object, "expires_in");
    const auto session_expires_at = json::get_integer(object, "session_expires_at");
    grant.challenge = challenge_of(response);
    if (!value || !fits(*value, k_longest_token) || !fits(grant.challenge, k_longest_token) || !expires_in ||
        *expires_in < 0 || !session_expires_at)
        return malformed(server);
    grant.cookie = SecretString(std::move(*value));
    grant.expires_in = std::min(*expires_in, k_longest_cookie_life);
    grant.session_expires_at = std::clamp<std::int64_t>(*session_expires_at, 0, now + k_longest_session);
    return grant;
}

/// Who somebody is must be whole; how they are called may be cut.
std::optional<UserInfo> user_info(const Poco::JSON::Object& user) {
    const auto text = [&](const char* name) { return json::get_string(user, name).value_or(""); };
    if (!fits(text("subject"), k_longest_id) || text("issuer").size() > k_longest_id ||
        text("provider").size() > k_longest_id)
        return std::nullopt;
    const auto shown = [&](const char* name) { return platform::printable(text(name), k_longest_id); };
    return UserInfo{shown("issuer"), shown("subject"), shown("name"), shown("email"), shown("provider")};
}

Result<SessionGrant> session_grant(const platform::Origin& server, const Response& response, std::int64_t now) {
    const auto object = json::parse_object(response.body);
    const auto user = object ? json::get_object(**object, "user") : nullptr;
    if (!object || user.isNull() || json::get_string(**object, "token_type") != k_token_type ||
        json::get_string(**object, "issuer") != server.text())
        return malformed(server);
    SessionGrant grant;
    grant.session_id = json::get_string(**object, "session_id").value_or("");
    auto who = user_info(*user);
    if (!fits(grant.session_id, k_longest_id) || !who)
        return malformed(server);
    grant.user = std::move(*who);
    KEYFOB_TRY_ASSIGN(grant.cookie, cookie_grant(server, response, **object, now));
    return grant;
}

SessionInfo session_info(const Poco::JSON::Object& object) {
    const auto text = [&](const char* name) {
        return platform::printable(json::get_string(object, name).value_or(""), k_longest_id);
    };
    const auto time = [&](const char* name) { return json::get_integer(object, name).value_or(0); };
    return {text("id"),         text("device_name"),
            text("device_os"),  text("address"),
            text("class"),      text("key"),
            time("created_at"), time("renewed_at"),
            time("expires_at"), json::get_bool(object, "current").value_or(false)};
}

/// nullopt for what cannot be shown to a person or counted with.
std::optional<DeviceAuthorization> device_authorization(const Response& response) {
    const auto object = json::parse_object(response.body);
    if (!object)
        return std::nullopt;
    const auto text = [&](const char* name) { return json::get_string(**object, name).value_or(""); };
    DeviceAuthorization answer;
    answer.device_code = SecretString(text("device_code"));
    answer.user_code = text("user_code");
    answer.verification_uri = text("verification_uri");
    answer.expires_in = std::clamp<std::int64_t>(json::get_integer(**object, "expires_in").value_or(0), 0, 3600);
    answer.interval = std::clamp<std::int64_t>(json::get_integer(**object, "interval").value_or(5), 1, 60);
    const bool is_whole = fits(text("device_code"), k_longest_token) && fits(answer.user_code, k_longest_user_code) &&
                          platform::printable(answer.user_code) == answer.user_code && answer.expires_in > 0;
    return is_whole ? std::optional(std::move(answer)) : std::nullopt;
}

bool is_own_page(const platform::Origin& server, const std::string& text) {
    const auto url = platform::Url::parse(text);
    return url && url->origin == server && url->text() == text && fits(text, k_longest_token);
}

bool is_of(const platform::Origin& server, const Poco::JSON::Object& metadata, const char* member) {
    const auto url = platform::Url::parse(json::get_string(metadata, member).value_or(""));
    return url && url->origin == server;
}

} // namespace

Client::Client(platform::Origin server, const Transport& transport, const platform::Clock& clock,
               platform::Random& random)
    : m_server(std::move(server)), m_transport(transport), m_clock(clock), m_random(random) {}

Result<void> Client::discover() {
    platform::http::ClientRequest request;
    KEYFOB_TRY_ASSIGN(request.url, platform::Url::parse(url(k_metadata_path)));
    KEYFOB_TRY_ASSIGN(const Response response, m_transport.send(request));
    const auto object = json::parse_object(response.body);
    if (response.status != 200 || !object)
        return not_ours(m_server.text(), "it has no metadata");
    if (const auto issuer = json::get_string(**object, "issuer"); issuer != m_server.text())
        return not_ours(m_server.text(), "it calls itself " + platform::printable(issuer.value_or("nothing"), 200));
    for (const char* endpoint :
         {"authorization_endpoint", "token_endpoint", "pushed_authorization_request_endpoint", "revocation_endpoint",
          k_preflight_endpoint_member, k_refresh_endpoint_member, k_cancel_endpoint_member})
        if (!is_of(m_server, **object, endpoint))
            return not_ours(m_server.text(), std::string(endpoint) + " is elsewhere");
    keep_nonce(response);
    return {};
}

void Client::keep_nonce(const Response& response) {
    if (const std::string* nonce = response.headers.find("DPoP-Nonce");
        nonce != nullptr && fits(*nonce, k_longest_token))
        m_nonce = *nonce;
}

std::string Client::authorization_url(const std::string& request_uri) const {
    platform::Parameters query;
    query.add("client_id", k_agent_client_id);
    query.add("request_uri", request_uri);
    return platform::with_query(url(k_authorize_path), query);
}

Result<Response> Client::post_form_once(const platform::jose::EcKey& key, const char* path,
                                        const platform::Parameters& form) {
    platform::http::ClientRequest request;
    request.method = "POST";
    KEYFOB_TRY_ASSIGN(request.url, platform::Url::parse(url(path)));
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.headers.set("DPoP", platform::jose::make_dpop_proof(key, "POST", url(path), m_nonce,
                                                                m_random.token(k_proof_id_octets), m_clock.now()));
    request.body = form.encode();
    KEYFOB_TRY_ASSIGN(Response response, m_transport.send(request));
    keep_nonce(response);
    return response;
}

Result<Response> Client::post_form(const platform::jose::EcKey& key, const char* path,
                                   const platform::Parameters& form) {
    KEYFOB_TRY_ASSIGN(Response response, post_form_once(key, path, form));
    if (response.status == 400 && error_of(m_server, response).code == k_error_use_dpop_nonce)
        return post_form_once(key, path, form); // once, now with the nonce of that answer
    return response;
}

Result<std::string> Client::push(const platform::jose::EcKey& key, const PushedAuthorization& request) {
    platform::Parameters form;
    form.add("client_id", k_agent_client_id);
    form.add("response_type", "code");
    form.add("redirect_uri", request.redirect_uri);
    form.add("state", request.state);
    form.add("code_challenge", request.code_challenge);
    form.add("code_challenge_method", "S256");
    form.add("device_name", request.device_name);
    form.add("device_os", request.device_os);
    KEYFOB_TRY_ASSIGN(const Response response, post_form(key, k_par_path, form));
    if (response.status != 201)
        return error_of(m_server, response);
    KEYFOB_TRY_ASSIGN(const auto object, json::parse_object(response.body));
    const auto request_uri = json::get_string(*object, "request_uri");
    if (!request_uri || !fits(*request_uri, k_longest_token))
        return malformed(m_server);
    return *request_uri;
}

std::string Client::preflight_url(const platform::jose::EcKey& key, const std::string& request_uri,
                                  const std::string& challenge) const {
    platform::Parameters query;
    query.add("proof", platform::jose::sign_preflight(
                           key, {m_server.text(), challenge, platform::secret_hash(request_uri)}, m_clock.now()));
    return platform::with_query(url(k_preflight_path), query);
}

Result<void> Client::cancel(const platform::jose::EcKey& key) {
    platform::Parameters form;
    form.add("client_id", k_agent_client_id);
    KEYFOB_TRY_ASSIGN(const Response response, post_form(key, k_cancel_path, form));
    if (response.status != 200)
        return error_of(m_server, response);
    return {};
}

Result<SessionGrant> Client::redeem(const platform::jose::EcKey& key, const CodeRedemption& request) {
    platform::Parameters form;
    form.add("grant_type", "authorization_code");
    form.add("client_id", k_agent_client_id);
    form.add("code", request.code);
    form.add("code_verifier", request.code_verifier);
    form.add("redirect_uri", request.redirect_uri);
    KEYFOB_TRY_ASSIGN(const Response response, post_form(key, k_token_path, form));
    if (response.status != 200)
        return error_of(m_server, response);
    return session_grant(m_server, response, platform::to_unix(m_clock.now()));
}

Result<DeviceAuthorization> Client::authorize_device(const platform::jose::EcKey& key,
                                                     const DeviceAuthorizationRequest& request) {
    platform::Parameters form;
    form.add("client_id", k_agent_client_id);
    form.add("code_challenge", request.code_challenge);
    form.add("code_challenge_method", "S256");
    form.add("device_name", request.device_name);
    form.add("device_os", request.device_os);
    KEYFOB_TRY_ASSIGN(const Response response, post_form(key, k_device_authorization_path, form));
    if (response.status == 404)
        return Error{ErrorKind::not_found, m_server.authority() + " lets nobody sign in by a code",
                     "leave --device out, or ask who runs the server to turn the device grant on", "failed"};
    if (response.status != 200)
        return error_of(m_server, response);
    auto authorization = device_authorization(response);
    return authorization && is_own_page(m_server, authorization->verification_uri)
               ? Result<DeviceAuthorization>(std::move(*authorization))
               : malformed(m_server);
}

Result<SessionGrant> Client::poll_device(const platform::jose::EcKey& key, const platform::SecretString& device_code,
                                         const std::string& code_verifier) {
    platform::Parameters form;
    form.add("grant_type", k_device_grant_type);
    form.add("client_id", k_agent_client_id);
    form.add("device_code", std::string(device_code.reveal()));
    form.add("code_verifier", code_verifier);
    KEYFOB_TRY_ASSIGN(const Response response, post_form(key, k_token_path, form));
    if (response.status != 200)
        return error_of(m_server, response);
    return session_grant(m_server, response, platform::to_unix(m_clock.now()));
}

Result<Response> Client::post_renewal(const platform::jose::EcKey& key, const std::string& session_id,
                                      const std::string& challenge) const {
    platform::http::ClientRequest request;
    request.method = "POST";
    KEYFOB_TRY_ASSIGN(request.url, platform::Url::parse(url(k_refresh_path)));
    request.headers.set(k_session_id_header, session_id);
    if (!challenge.empty()) {
        Poco::JSON::Object header;
        header.set("typ", k_proof_type);
        Poco::JSON::Object payload;
        payload.set("jti", challenge);
        payload.set("aud", url(k_refresh_path));
        payload.set("iat", platform::to_unix(m_clock.now()));
        request.headers.set(k_response_header, platform::jose::sign_jwt(key, header, payload));
    }
    return m_transport.send(request);
}

Result<CookieGrant> Client::refresh(const platform::jose::EcKey& key, const std::string& session_id,
                                    const std::string& challenge) {
    KEYFOB_TRY_ASSIGN(Response response, post_renewal(key, session_id, challenge));
    if (response.status == 403 && error_of(m_server, response).code == k_error_challenge) {
        const std::string fresh = challenge_of(response);
        if (fresh.size() > k_longest_token)
            return malformed(m_server);
        KEYFOB_TRY_ASSIGN(response, post_renewal(key, session_id, fresh));
    }
    if (response.status != 200)
        return error_of(m_server, response);
    KEYFOB_TRY_ASSIGN(const auto object, json::parse_object(response.body));
    return cookie_grant(m_server, response, *object, platform::to_unix(m_clock.now()));
}

Result<std::vector<SessionInfo>> Client::list_sessions(const platform::jose::EcKey& key,
                                                       const std::string& session_id) {
    platform::Parameters form;
    form.add("client_id", k_agent_client_id);
    form.add("session_id", session_id);
    KEYFOB_TRY_ASSIGN(const Response response, post_form(key, k_sessions_path, form));
    if (response.status != 200)
        return error_of(m_server, response);
    KEYFOB_TRY_ASSIGN(const auto object, json::parse_object(response.body));
    const auto list = json::get_array(*object, "sessions");
    std::vector<SessionInfo> sessions;
    for (unsigned i = 0; !list.isNull() && i < list->size() && i < k_most_sessions; ++i)
        if (const auto entry = list->getObject(i); !entry.isNull())
            sessions.push_back(session_info(*entry));
    return sessions;
}

Result<RevokedSessions> Client::revoke_sessions(const platform::jose::EcKey& key, const std::string& session_id,
                                                const std::string& name) {
    platform::Parameters form;
    form.add("client_id", k_agent_client_id);
    form.add("session_id", session_id);
    if (name.empty())
        form.add("all_others", "true");
    else
        form.add("id", name);
    KEYFOB_TRY_ASSIGN(const Response response, post_form(key, k_sessions_revoke_path, form));
    if (response.status != 200)
        return error_of(m_server, response);
    KEYFOB_TRY_ASSIGN(const auto object, json::parse_object(response.body));
    return RevokedSessions{json::get_integer(*object, "revoked").value_or(0),
                           json::get_bool(*object, "current").value_or(false)};
}

Result<void> Client::revoke(const platform::jose::EcKey& key, const std::string& session_id) {
    platform::Parameters form;
    form.add("client_id", k_agent_client_id);
    form.add("token", session_id);
    form.add("token_type_hint", "session_id");
    KEYFOB_TRY_ASSIGN(const Response response, post_form(key, k_revoke_path, form));
    if (response.status != 200)
        return error_of(m_server, response);
    return {};
}

} // namespace keyfob::server::api
