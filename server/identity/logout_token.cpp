#include "server/identity/logout_token.h"

#include "platform/json.h"
#include "server/identity/id_token.h"

#include <algorithm>

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
namespace json = platform::json;

constexpr const char* k_event = "http://schemas.openid.net/event/backchannel-logout";
constexpr std::size_t k_longest_id = 255;

Error refused_logout(const std::string& why) {
    return {ErrorKind::invalid, "the logout token is not valid: " + why};
}

bool has_event(const Poco::JSON::Object& claims) {
    const auto events = json::get_object(claims, "events");
    return !events.isNull() && !json::get_object(*events, k_event).isNull();
}

/// A text that may be missing; nullopt for what is there and no such text.
std::optional<std::string> optional_id(const Poco::JSON::Object& claims, const char* name) {
    if (!claims.has(name))
        return std::string();
    const auto text = json::get_string(claims, name);
    return text && !text->empty() && text->size() <= k_longest_id ? text : std::nullopt;
}

} // namespace

Result<void> check_logout_token_header(const platform::jose::Jwt& token, const std::vector<std::string>& algorithms) {
    if (std::find(algorithms.begin(), algorithms.end(), token.algorithm()) == algorithms.end())
        return refused_logout("its algorithm is not accepted");
    const std::string type = token.type();
    if (!type.empty() && type != "logout+jwt" && type != "application/logout+jwt" && type != "jwt")
        return refused_logout("it is another kind of token");
    return {};
}

Result<signin::LogoutNotice> read_logout_claims(const platform::jose::Jwt& token, const LogoutExpectation& expected) {
    const Poco::JSON::Object& claims = *token.payload;
    const auto issuer = json::get_string(claims, "iss");
    if (!issuer || std::find(expected.issuers.begin(), expected.issuers.end(), *issuer) == expected.issuers.end())
        return refused_logout("its issuer is another");
    if (auto audience = check_audience(claims, expected.client_id); !audience)
        return refused_logout("it is for another audience");
    if (auto times = check_times(claims, expected.now); !times)
        return refused_logout("its times are missing or past");
    if (claims.has("nonce"))
        return refused_logout("it has a nonce");
    if (!has_event(claims))
        return refused_logout("it does not speak of a logout");
    const auto id = optional_id(claims, "jti");
    const auto subject = optional_id(claims, "sub");
    const auto session = optional_id(claims, "sid");
    if (!id || id->empty())
        return refused_logout("jti is missing");
    if (!subject || !session || (subject->empty() && session->empty()))
        return refused_logout("it says neither who nor which session");
    return signin::LogoutNotice{expected.issuers.front(), *subject, *session, *id, *json::get_integer(claims, "exp")};
}

} // namespace keyfob::server::identity
