#pragma once

#include "platform/clock.h"
#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/jose/ec_key.h"
#include "platform/json.h"
#include "server/identity/fetcher.h"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace keyfob::fakes {

using platform::http::ClientRequest;
using platform::http::ClientResponse;

inline ClientResponse json_answer(std::string body, int status = 200) {
    ClientResponse response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.body = std::move(body);
    return response;
}

/// An OpenID provider without a network, and one that lies: every document passes a hook before it is sent. As made it answers what a
/// correct provider answers, so that a test changes the one thing that it is about.
class ScriptedIssuer {
public:
    using Object = Poco::JSON::Object;
    using Change = std::function<void(Object&)>;

    explicit ScriptedIssuer(const platform::Clock& time, std::string name = "https://login.example")
        : clock(time), issuer(std::move(name)) {
        publish(key.public_jwk(), "key-1");
    }

    /// A fetcher that asks this object, which must outlive it.
    [[nodiscard]] std::unique_ptr<server::identity::Fetcher> fetcher() { return std::make_unique<Line>(*this); }

    void publish(Object::Ptr jwk, const std::string& key_id) {
        if (!key_id.empty())
            jwk->set("kid", key_id);
        keys.push_back(std::move(jwk));
    }

    [[nodiscard]] std::size_t count(const std::string& path) const {
        const std::lock_guard lock(m_mutex);
        std::size_t number = 0;
        for (const ClientRequest& request : m_requests)
            number += request.url.path == path ? 1U : 0U;
        return number;
    }
    /// The last request for `path`; one without a method if there was none.
    [[nodiscard]] ClientRequest last(const std::string& path) const {
        const std::lock_guard lock(m_mutex);
        ClientRequest found;
        found.method.clear();
        for (const ClientRequest& request : m_requests)
            if (request.url.path == path)
                found = request;
        return found;
    }

    [[nodiscard]] std::string id_token() const {
        Object header;
        header.set("alg", "ES256");
        header.set("kid", "key-1");
        Object claims;
        claims.set("iss", issuer);
        claims.set("sub", "subject-1");
        claims.set("aud", std::string("client-1"));
        claims.set("iat", platform::to_unix(clock.now()));
        claims.set("exp", platform::to_unix(clock.now()) + 300);
        claims.set("nonce", nonce);
        claims.set("name", "Ada");
        claims.set("email", "ada@example.org");
        claims.set("email_verified", true);
        return signed_token(header, claims);
    }
    [[nodiscard]] std::string logout_token() const {
        Object header;
        header.set("alg", "ES256");
        header.set("kid", "key-1");
        header.set("typ", "logout+jwt");
        Object events;
        events.set("http://schemas.openid.net/event/backchannel-logout", Object::Ptr(new Object));
        Object claims;
        claims.set("iss", issuer);
        claims.set("sub", "subject-1");
        claims.set("sid", "session-1");
        claims.set("aud", std::string("client-1"));
        claims.set("iat", platform::to_unix(clock.now()));
        claims.set("exp", platform::to_unix(clock.now()) + 120);
        claims.set("jti", "logout-1");
        claims.set("events", events);
        return signed_token(header, claims);
    }

    const platform::Clock& clock;
    std::string issuer;
    std::string nonce = "nonce-1";
    platform::jose::EcKey key = platform::jose::EcKey::generate();
    std::vector<Object::Ptr> keys;
    Change change_metadata;
    Change change_header;
    Change change_claims;
    Change change_tokens;
    Change change_user_info;
    std::function<std::string(const std::string& input)> sign; ///< instead of `key`
    std::map<std::string, std::function<platform::Result<ClientResponse>()>>
        answers; ///< by path, instead of the document

private:
    class Line final : public server::identity::Fetcher {
    public:
        explicit Line(ScriptedIssuer& issuer) : m_issuer(issuer) {}
        platform::Result<ClientResponse> send(const ClientRequest& request) const override {
            return m_issuer.answer(request);
        }

    private:
        ScriptedIssuer& m_issuer;
    };

    /// The issuer without the slash that some have at their end.
    [[nodiscard]] std::string base() const {
        return issuer.ends_with('/') ? issuer.substr(0, issuer.size() - 1) : issuer;
    }

    [[nodiscard]] std::string signed_token(Object header, Object claims) const {
        apply(change_header, header);
        apply(change_claims, claims);
        const std::string input = platform::base64url_encode(platform::json::to_text(header)) + "." +
                                  platform::base64url_encode(platform::json::to_text(claims));
        return input + "." + platform::base64url_encode(sign ? sign(input) : key.sign(input));
    }

    static void apply(const Change& change, Object& object) {
        if (change)
            change(object);
    }

    platform::Result<ClientResponse> answer(const ClientRequest& request) {
        const std::string prefix = platform::Url::parse(base() + "/").value().path;
        const std::string path = request.url.path.substr(request.url.path.starts_with(prefix) ? prefix.size() - 1 : 0);
        {
            const std::lock_guard lock(m_mutex);
            m_requests.push_back(request);
            m_requests.back().url.path = path;
        }
        if (const auto found = answers.find(path); found != answers.end())
            return found->second();
        if (path == "/.well-known/openid-configuration")
            return json_answer(metadata());
        if (path == "/jwks")
            return json_answer(key_set());
        if (path == "/token")
            return json_answer(tokens());
        if (path == "/userinfo")
            return json_answer(user_info());
        return json_answer("{}", 404);
    }

    [[nodiscard]] std::string metadata() const {
        Object object;
        object.set("issuer", issuer);
        object.set("authorization_endpoint", base() + "/authorize");
        object.set("token_endpoint", base() + "/token");
        object.set("userinfo_endpoint", base() + "/userinfo");
        object.set("jwks_uri", base() + "/jwks");
        apply(change_metadata, object);
        return platform::json::to_text(object);
    }

    [[nodiscard]] std::string key_set() const {
        Poco::JSON::Array::Ptr all(new Poco::JSON::Array);
        for (const Object::Ptr& jwk : keys)
            all->add(jwk);
        Object object;
        object.set("keys", all);
        return platform::json::to_text(object);
    }

    [[nodiscard]] std::string tokens() const {
        Object object;
        object.set("access_token", "access-1");
        object.set("token_type", "Bearer");
        object.set("id_token", id_token());
        apply(change_tokens, object);
        return platform::json::to_text(object);
    }

    [[nodiscard]] std::string user_info() const {
        Object object;
        object.set("sub", "subject-1");
        object.set("name", "Ada from userinfo");
        object.set("email", "ada@userinfo.example");
        object.set("email_verified", true);
        apply(change_user_info, object);
        return platform::json::to_text(object);
    }

    mutable std::mutex m_mutex;
    std::vector<ClientRequest> m_requests;
};

} // namespace keyfob::fakes
