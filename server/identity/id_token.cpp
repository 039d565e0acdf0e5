#include "server/identity/id_token.h"

#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/json.h"

#include <algorithm>

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
namespace json = platform::json;

constexpr std::int64_t k_leeway = 60;
constexpr std::int64_t k_latest_time = 253402300799; // the year 9999: beyond it somebody plays with us
constexpr std::size_t k_longest_subject = 255;

Error refused(const char* why) {
    return {ErrorKind::invalid, std::string("the id_token is not valid: ") + why};
}

bool is_time(const std::optional<std::int64_t>& time) {
    return time && *time > 0 && *time <= k_latest_time;
}

bool is_subject(const std::string& text) {
    return !text.empty() && text.size() <= k_longest_subject &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// We accept ourselves as the only audience: what else it is for we cannot judge.
bool is_for_us(const Poco::JSON::Object& claims, const std::string& client_id) {
    if (const auto one = json::get_string(claims, "aud"))
        return *one == client_id;
    const auto several = json::get_strings(claims, "aud");
    return several && several->size() == 1 && several->front() == client_id;
}

/// The left half of the hash, as at_hash has it (section 3.1.3.6); all our algorithms use SHA-256.
bool fits_hash(const Poco::JSON::Object& claims, const char* name, const std::string& value) {
    if (!claims.has(name))
        return true;
    const std::string expected = platform::base64url_encode(platform::sha256(value).substr(0, 16));
    return !value.empty() && json::get_string(claims, name) == expected;
}

Result<void> check_times(const Poco::JSON::Object& claims, std::int64_t now) {
    const auto expires = json::get_integer(claims, "exp");
    const auto issued = json::get_integer(claims, "iat");
    if (!is_time(expires) || !is_time(issued))
        return refused("exp or iat is missing or no time");
    if (*expires <= now - k_leeway)
        return refused("it has expired");
    if (*issued > now + k_leeway)
        return refused("it was issued in the future");
    if (claims.has("nbf") && (!json::get_integer(claims, "nbf") || *json::get_integer(claims, "nbf") > now + k_leeway))
        return refused("it is not valid yet");
    return {};
}

} // namespace

Result<void> check_id_token_claims(const platform::jose::Jwt& token, const IdTokenExpectation& expected) {
    const Poco::JSON::Object& claims = *token.payload;
    const auto issuer = json::get_string(claims, "iss");
    if (!issuer || std::find(expected.issuers.begin(), expected.issuers.end(), *issuer) == expected.issuers.end())
        return refused("its issuer is another");
    if (!is_for_us(claims, expected.client_id))
        return refused("it is for another audience");
    if (claims.has("azp") && json::get_string(claims, "azp") != expected.client_id)
        return refused("it was issued to another client");
    if (!is_subject(json::get_string(claims, "sub").value_or("")))
        return refused("sub is missing or no identifier");
    if (const std::string type = token.type(); !type.empty() && type != "jwt")
        return refused("it is another kind of token");
    KEYFOB_TRY(check_times(claims, expected.now));
    if (!platform::constant_time_equal(json::get_string(claims, "nonce").value_or(""), expected.nonce))
        return refused("its nonce is another");
    if (!fits_hash(claims, "at_hash", expected.access_token))
        return refused("at_hash does not fit the access token");
    if (!fits_hash(claims, "c_hash", expected.code))
        return refused("c_hash does not fit the code");
    return {};
}

} // namespace keyfob::server::identity
