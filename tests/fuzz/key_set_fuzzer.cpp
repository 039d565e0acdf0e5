#include "platform/jose/jwt.h"
#include "platform/json.h"
#include "tests/fuzz/signed_input.h"

using namespace keyfob;
using namespace keyfob::platform;
using keyfob::fuzz::require;

namespace {

constexpr std::size_t k_most_keys = 64;

jose::Jwt token_of(const char* header) {
    return jose::parse_jwt(fuzz::sign(header, R"({"sub":"anna"})")).value();
}

/// Whether the element is the key that everybody knows, for what it was used here.
bool is_known_key(const Poco::JSON::Object& jwk) {
    const auto known = fuzz::known_key().public_jwk();
    const auto has = [&](const char* name) { return json::get_string(jwk, name) == json::get_string(*known, name); };
    return has("kty") && has("crv") && has("x") && has("y") && !jwk.has("d") &&
           json::get_string(jwk, "use").value_or("sig") == "sig" &&
           json::get_string(jwk, "alg").value_or("ES256") == "ES256";
}

void check_key(const Poco::JSON::Object& jwk) {
    const auto key = jose::EcKey::from_public_jwk(jwk);
    if (!key)
        return;
    require(!key->has_private(), "no private key comes from a peer");
    const auto again = jose::EcKey::from_public_jwk(*key->public_jwk());
    require(again && again->thumbprint() == key->thumbprint(), "written and read again it is the same key");
}

} // namespace

/// RP-09, RP-16: a set verifies what a key of it has signed, and nothing that says another algorithm.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const jose::Jwt k_signed = token_of(R"({"alg":"ES256"})");
    static const jose::Jwt k_none = token_of(R"({"alg":"none"})");
    static const jose::Jwt k_symmetric = token_of(R"({"alg":"HS256"})");
    static const jose::Jwt k_rsa = token_of(R"({"alg":"RS256"})");
    const std::string_view input = fuzz::text_of(data, size);
    const auto set = jose::KeySet::parse(input);
    if (!set) {
        require(set.error().kind == ErrorKind::invalid, "what is refused is invalid");
        return 0;
    }
    require(!jose::KeySet::parse(fuzz::with_member(input, R"("keys":[])")), "two lists of keys are refused");
    const auto keys = json::get_array(**json::parse_object(input), "keys");
    require(!keys.isNull() && set->size() <= keys->size() && keys->size() <= k_most_keys, "no key but those listed");
    bool has_known = false;
    for (unsigned i = 0; i < keys->size(); ++i) {
        const Poco::JSON::Object::Ptr jwk = keys->getObject(i);
        if (jwk.isNull())
            continue;
        has_known = has_known || is_known_key(*jwk);
        check_key(*jwk);
    }
    require(set->verify(k_signed) == has_known, "a token verifies where its key is, and nowhere else");
    require(!set->verify(k_none) && !set->verify(k_symmetric) && !set->verify(k_rsa), "no other algorithm verifies");
    return 0;
}
