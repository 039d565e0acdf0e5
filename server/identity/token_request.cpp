#include "server/identity/token_request.h"

#include "platform/encoding.h"
#include "platform/json.h"
#include "server/identity/provider_metadata.h"

#include <Poco/Base64Encoder.h>

#include <algorithm>
#include <sstream>

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

/// RFC 6749 section 2.3.1: both halves form-encoded first.
std::string basic_credentials(const std::string& client_id, std::string_view secret) {
    std::ostringstream text;
    Poco::Base64Encoder encoder(text);
    encoder.rdbuf()->setLineLength(0);
    encoder << platform::percent_encode(client_id) << ":" << platform::percent_encode(secret);
    encoder.close();
    return "Basic " + text.str();
}

/// Puts the client's credentials where the provider wants them.
Result<void> authenticate(const TokenRequest& request, platform::Parameters& form, platform::http::Headers& headers) {
    if (request.client_secret.empty()) {
        form.add("client_id", request.client_id);
    } else if (lists(request.auth_methods, "client_secret_basic")) {
        headers.set("Authorization", basic_credentials(request.client_id, request.client_secret.reveal()));
    } else if (lists(request.auth_methods, "client_secret_post")) {
        form.add("client_id", request.client_id);
        form.add("client_secret", std::string(request.client_secret.reveal()));
    } else {
        return Error{ErrorKind::invalid, "it takes client authentication in no way that we know"};
    }
    return {};
}

/// GitHub answers 200 with `error`; everybody else 400.
Error refusal(const Poco::JSON::Object& object) {
    const std::string code = platform::json::get_string(object, "error").value_or("unnamed error");
    const std::string text = platform::json::get_string(object, "error_description").value_or("");
    return {ErrorKind::denied, "it refused the code: " + platform::printable(code, 80) +
                                   (text.empty() ? "" : " (" + platform::printable(text, 200) + ")")};
}

Result<platform::http::ClientRequest> make_message(const TokenRequest& request) {
    platform::http::ClientRequest message;
    message.method = "POST";
    KEYFOB_TRY_ASSIGN(message.url, platform::Url::parse(request.endpoint));
    platform::Parameters form;
    form.add("grant_type", "authorization_code");
    form.add("code", request.code);
    form.add("redirect_uri", request.redirect_uri);
    if (!request.code_verifier.empty())
        form.add("code_verifier", request.code_verifier);
    KEYFOB_TRY(authenticate(request, form, message.headers));
    message.headers.set("Content-Type", "application/x-www-form-urlencoded");
    set_common_headers(message.headers);
    message.body = form.encode();
    return message;
}

/// Which other kinds of token mean we do not know. Without token_type (RFC 6749 demands it) a bearer token is taken for granted.
bool is_bearer(const Poco::JSON::Object& tokens) {
    return !tokens.has("token_type") ||
           platform::equal_ignoring_case(platform::json::get_string(tokens, "token_type").value_or(""), "bearer");
}

} // namespace

Result<Poco::JSON::Object::Ptr> request_token(const Fetcher& fetcher, const TokenRequest& request) {
    KEYFOB_TRY_ASSIGN(const auto message, make_message(request));
    KEYFOB_TRY_ASSIGN(const auto response, fetcher.send(message));
    const auto object = platform::json::parse_object(response.body);
    if (object && (*object)->has("error") && response.status < 500)
        return refusal(**object);
    if (response.status != 200)
        return wrong_status(response, message.url);
    KEYFOB_TRY(require_json(response, message.url));
    if (!object)
        return Error{ErrorKind::invalid, "its token endpoint answered no JSON"};
    if (!is_bearer(**object))
        return Error{ErrorKind::invalid, "its token endpoint gave another kind of token than Bearer"};
    return *object;
}

} // namespace keyfob::server::identity
