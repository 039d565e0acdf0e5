#pragma once

#include "platform/digest.h"
#include "server/identity/provider_factory.h"
#include "tests/fakes/rsa_key.h"
#include "tests/fakes/scripted_issuer.h"

#include <functional>
#include <initializer_list>
#include <string>

/// What the rows of the conformance tests are made of.
namespace keyfob::server::tests {

using fakes::ScriptedIssuer;
using Object = Poco::JSON::Object;

inline const fakes::RsaKey& rsa() {
    static const fakes::RsaKey k_key;
    return k_key;
}

using Outcome = platform::Result<server::signin::Identity>;
using Act = std::function<Outcome(server::signin::IdentityProvider&, ScriptedIssuer&)>;

struct Row {
    const char* name;
    std::function<void(ScriptedIssuer&)> lie;
    const char* refusal; ///< a part of the error's text; null: must be accepted
    Act act = nullptr;   ///< instead of one sign-in
};

inline const server::signin::UpstreamAttempt k_attempt{"state-1", "nonce-1", "verifier-1"};

inline Outcome sign_in(server::signin::IdentityProvider& provider, const std::string& issuer = "") {
    return provider.complete(k_attempt, "code-1", issuer);
}

inline void rotate_keys(ScriptedIssuer& issuer) {
    issuer.key = platform::jose::EcKey::generate();
    issuer.keys.clear();
    issuer.publish(issuer.key.public_jwk(), "key-2");
    issuer.change_header = [](Object& object) { object.set("kid", "key-2"); };
}

inline std::function<void(ScriptedIssuer&)> claims(ScriptedIssuer::Change change) {
    return [change](ScriptedIssuer& issuer) { issuer.change_claims = change; };
}
template <typename Value> std::function<void(ScriptedIssuer&)> claim(const char* name, Value value) {
    return claims([name, value](Object& object) { object.set(name, value); });
}
inline std::function<void(ScriptedIssuer&)> without(const char* name) {
    return claims([name](Object& object) { object.remove(name); });
}
template <typename Value> std::function<void(ScriptedIssuer&)> header(const char* name, Value value) {
    return [name, value](ScriptedIssuer& issuer) {
        issuer.change_header = [name, value](Object& object) { object.set(name, value); };
    };
}

inline Poco::JSON::Array::Ptr texts(std::initializer_list<std::string> values) {
    Poco::JSON::Array::Ptr array(new Poco::JSON::Array);
    for (const std::string& value : values)
        array->add(value);
    return array;
}

/// Signs with RSA under that algorithm's name; the provider publishes the RSA key too.
inline void use_rsa(ScriptedIssuer& issuer, const std::string& algorithm) {
    issuer.publish(rsa().public_jwk("rsa-1"), "rsa-1");
    issuer.change_header = [algorithm](Object& object) {
        object.set("alg", algorithm);
        object.set("kid", "rsa-1");
    };
    issuer.sign = [](const std::string& input) { return rsa().sign(input); };
}

inline void spoil_signature(ScriptedIssuer& issuer) {
    const auto before = issuer.sign;
    issuer.sign = [before, &issuer](const std::string& input) {
        std::string signature = before ? before(input) : issuer.key.sign(input);
        signature.back() = static_cast<char>(signature.back() ^ 1);
        return signature;
    };
}

inline std::string half_hash(const std::string& text) {
    return platform::base64url_encode(platform::sha256(text).substr(0, 16));
}

} // namespace keyfob::server::tests
