#pragma once

#include "server/api/routes.h"
#include "tests/fakes/scripted_transport.h"

#include <Poco/JSON/Object.h>

#include <cstdint>
#include <sstream>
#include <string>

namespace keyfob::fakes {

// What a server of ours answers, for a ScriptedTransport.

[[nodiscard]] inline platform::http::Headers cookie_headers(const std::string& cookie, const std::string& challenge) {
    platform::http::Headers headers;
    headers.add("Set-Cookie", "keyfob=" + cookie + "; Path=/; HttpOnly");
    headers.add("Secure-Session-Challenge", "\"" + challenge + "\";id=\"session-1\"");
    return headers;
}

/// Of /session/refresh.
[[nodiscard]] inline platform::http::ClientResponse renewed(const std::string& cookie, const std::string& challenge) {
    return response(200, R"({"expires_in":600,"session_expires_at":1802592000})", cookie_headers(cookie, challenge));
}
[[nodiscard]] inline platform::http::ClientResponse challenged(const std::string& challenge) {
    platform::http::Headers headers;
    headers.add("Secure-Session-Challenge", "\"" + challenge + "\";id=\"session-1\"");
    return response(403, R"({"error":"challenge","error_description":"sign"})", headers);
}

/// Of the metadata; `member` may be another's.
[[nodiscard]] inline platform::http::ClientResponse metadata(const std::string& server, const std::string& member = "",
                                                             const std::string& value = "") {
    Poco::JSON::Object object;
    object.set("issuer", server);
    object.set("authorization_endpoint", server + server::api::k_authorize_path);
    object.set("token_endpoint", server + server::api::k_token_path);
    object.set("pushed_authorization_request_endpoint", server + server::api::k_par_path);
    object.set("revocation_endpoint", server + server::api::k_revoke_path);
    object.set(server::api::k_preflight_endpoint_member, server + server::api::k_preflight_path);
    object.set(server::api::k_refresh_endpoint_member, server + server::api::k_refresh_path);
    object.set(server::api::k_cancel_endpoint_member, server + server::api::k_cancel_path);
    if (!member.empty())
        object.set(member, value);
    std::ostringstream text;
    object.stringify(text);
    return response(200, text.str());
}

/// Of /par.
[[nodiscard]] inline platform::http::ClientResponse pushed(const std::string& request_uri = "urn:keyfob:request:1") {
    Poco::JSON::Object object;
    object.set("request_uri", request_uri);
    object.set("expires_in", 90);
    std::ostringstream text;
    object.stringify(text);
    return response(201, text.str());
}

/// Of /device_authorization. `interval`: seconds.
[[nodiscard]] inline platform::http::ClientResponse device_authorization(const std::string& server, int interval = 5) {
    return response(200, R"({"device_code":"device-code-1","user_code":"BCDF-GHJK","verification_uri":")" + server +
                             server::api::k_device_path + R"(","expires_in":600,"interval":)" +
                             std::to_string(interval) + "}");
}

/// Of /token: Ann's session.
[[nodiscard]] inline platform::http::ClientResponse granted(const std::string& server,
                                                            const std::string& session = "session-1") {
    return response(
        200,
        R"({"token_type":"keyfob-session","issuer":")" + server + R"(","session_id":")" + session +
            R"(","expires_in":600,"session_expires_at":1802592000,"user":{"issuer":"https://issuer.example",)"
            R"("subject":"42","name":"Ann","email":"ann@example.com","provider":"company"}})",
        cookie_headers("first", "challenge-1"));
}

/// An error of RFC 6749 section 5.2.
[[nodiscard]] inline platform::http::ClientResponse refused(int status, const std::string& error,
                                                            const std::string& text = "") {
    return response(status, R"({"error":")" + error + R"(","error_description":")" + text + "\"}");
}

/// Of a server that is asked too often from our network; `seconds` as Retry-After says them.
[[nodiscard]] inline platform::http::ClientResponse rate_limited(const std::string& seconds) {
    auto answer = refused(429, "rate_limited", "too many requests come from this network");
    answer.headers.set("Retry-After", seconds);
    return answer;
}

/// What a request said. Throws where it is no form.
[[nodiscard]] inline platform::Parameters form_of(const platform::http::ClientRequest& request) {
    return platform::Parameters::parse(request.body).value();
}

/// Where a server whose person has approved that push sends the browser.
[[nodiscard]] inline std::string callback_of(const platform::http::ClientRequest& push, const std::string& server) {
    const auto form = form_of(push);
    platform::Parameters query;
    query.add("code", "code-1");
    query.add("state", form.get("state"));
    query.add("iss", server);
    return platform::with_query(form.get("redirect_uri"), query);
}

} // namespace keyfob::fakes
