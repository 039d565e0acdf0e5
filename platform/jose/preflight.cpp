#include "platform/jose/preflight.h"

#include "platform/json.h"

namespace keyfob::platform::jose {
namespace {

constexpr const char* k_answer_type = "keyfob-preflight+jwt";

Error refused_answer(const char* why) {
    return {ErrorKind::invalid, std::string("the answer to the challenge is not valid: ") + why};
}

} // namespace

std::string sign_preflight(const EcKey& key, const PreflightAnswer& answer, WallTime now) {
    Poco::JSON::Object header;
    header.set("typ", k_answer_type);
    Poco::JSON::Object payload;
    payload.set("aud", answer.audience);
    payload.set("jti", answer.challenge);
    payload.set("request_hash", answer.request_hash);
    payload.set("iat", to_unix(now));
    return sign_jwt(key, header, payload);
}

Result<UnverifiedPreflight> UnverifiedPreflight::parse(std::string_view proof) {
    auto token = parse_jwt(proof);
    if (!token)
        return refused_answer("it is malformed");
    if (token->type() != k_answer_type || token->algorithm() != "ES256")
        return refused_answer("its kind or algorithm is another");
    const Poco::JSON::Object& payload = *token->payload;
    const auto audience = json::get_string(payload, "aud");
    const auto challenge = json::get_string(payload, "jti");
    const auto request_hash = json::get_string(payload, "request_hash");
    if (!audience || !challenge || !request_hash || !json::get_integer(payload, "iat"))
        return refused_answer("a claim is missing");
    return UnverifiedPreflight(std::move(*token), {*audience, *challenge, *request_hash});
}

Result<PreflightAnswer> UnverifiedPreflight::verify(const EcKey& key) const {
    if (!key.verify(m_token.signing_input, m_token.signature))
        return refused_answer("another key has signed it");
    return m_answer;
}

} // namespace keyfob::platform::jose
