#include "server/identity/id_token.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/json.h"

#include <algorithm>
#include <optional>

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
namespace json = platform::json;

constexpr std::int64_t k_leeway = 60;
constexpr std::int64_t k_latest_time = 253402300799; // the year 9999: beyond it somebody plays with us
constexpr std::size_t k_longest_subject = 255;

Error refused_token(const std::string& why) {
    return {ErrorKind::invalid, "the id_token is not valid: " + why};
}

bool is_time(const std::optional<std::int64_t>& time) {
    return time && *time > 0 && *time <= k_latest_time;
}

Result<void> check_nonce(const Poco::JSON::Object& claims, const std::string& expected) {
    const auto nonce = json::get_string(claims, "nonce");
    if (!nonce || nonce->empty())
        return refused_token("nonce is missing");
    if (!platform::constant_time_equal(*nonce, expected))
        return refused_token("its nonce is another");
    return {};
}

/// The left half of the hash, as at_hash has it (section 3.1.3.6); all our algorithms use SHA-256.
bool fits_hash(const Poco::JSON::Object& claims, const char* name, const std::string& value) {
    if (!claims.has(name))
        return true;
    const std::string expected = platform::base64url_encode(platform::sha256(value).substr(0, 16));
    return !value.empty() && json::get_string(claims, name) == expected;
}

} // namespace

Result<void> check_audience(const Poco::JSON::Object& claims, const std::string& client_id) {
    auto audience = json::get_strings(claims, "aud").value_or(std::vector<std::string>{});
    if (const auto one = json::get_string(claims, "aud"))
        audience = {*one};
    if (audience.empty())
        return refused_token("aud is missing");
    if (std::find(audience.begin(), audience.end(), client_id) == audience.end())
        return refused_token("it is for another audience");
    if (audience.size() > 1)
        return refused_token("it is for others as well");
    if (claims.has("azp") && json::get_string(claims, "azp") != client_id)
        return refused_token("it was issued to another client");
    return {};
}

Result<void> check_times(const Poco::JSON::Object& claims, std::int64_t now) {
    const auto expires = json::get_integer(claims, "exp");
    const auto issued = json::get_integer(claims, "iat");
    if (!is_time(expires))
        return refused_token("exp is missing or no time");
    if (!is_time(issued))
        return refused_token("iat is missing or no time");
    if (*expires <= now - k_leeway)
        return refused_token("it has expired");
    if (*issued > now + k_leeway)
        return refused_token("it was issued in the future");
    const auto not_before = json::get_integer(claims, "nbf");
    if (claims.has("nbf") && (!not_before || *not_before > now + k_leeway))
        return refused_token("it is not valid yet");
    return {};
}

bool is_subject(const std::string& text) {
    return !text.empty() && text.size() <= k_longest_subject &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

Result<void> check_id_token_header(const platform::jose::Jwt& token, const std::vector<std::string>& algorithms) {
    const std::string algorithm = token.algorithm();
    if (algorithm.empty())
        return refused_token("alg is missing");
    if (std::find(algorithms.begin(), algorithms.end(), algorithm) == algorithms.end())
        return refused_token("its algorithm " + platform::printable(algorithm, 20) + " is not accepted");
    if (const std::string type = token.type(); !type.empty() && type != "jwt" && type != "application/jwt")
        return refused_token("it is another kind of token");
    return {};
}

Result<void> check_id_token_claims(const platform::jose::Jwt& token, const IdTokenExpectation& expected) {
    const Poco::JSON::Object& claims = *token.payload;
    const auto issuer = json::get_string(claims, "iss");
    if (!issuer || std::find(expected.issuers.begin(), expected.issuers.end(), *issuer) == expected.issuers.end())
        return refused_token("its issuer is another");
    KEYFOB_TRY(check_audience(claims, expected.client_id));
    if (!is_subject(json::get_string(claims, "sub").value_or("")))
        return refused_token("sub is missing or no identifier");
    KEYFOB_TRY(check_times(claims, expected.now));
    KEYFOB_TRY(check_nonce(claims, expected.nonce));
    if (!fits_hash(claims, "at_hash", expected.access_token))
        return refused_token("at_hash does not fit the access token");
    if (!fits_hash(claims, "c_hash", expected.code))
        return refused_token("c_hash does not fit the code");
    return {};
}

} // namespace keyfob::server::identity
