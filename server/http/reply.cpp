#include "server/http/reply.h"

#include "platform/json.h"

namespace keyfob::server::http::reply {

namespace {
/// Of the caps of signing in, where rows have to expire before there is room; whoever knows better sets its own.
constexpr const char* k_slow_down_seconds = "60";
} // namespace

Response json(int status, const Poco::JSON::Object& object) {
    Response response;
    response.status = status;
    response.headers.set("Content-Type", "application/json");
    response.body = platform::json::to_text(object);
    return response;
}

Response error(const Call& call, int status, const std::string& code, const std::string& description) {
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("error", code);
    object.set("error_description", description);
    object.set("request_id", call.request.request_id);
    Response response = json(status, object);
    if (status == 503)
        response.headers.set("Retry-After", "2");
    if (status == 429)
        response.headers.set("Retry-After", k_slow_down_seconds);
    return response;
}

Response failure(const Call& call, int status, const platform::Error& failure) {
    if (failure.kind == platform::ErrorKind::unreachable)
        return error(call, 503, "temporarily_unavailable", "the server cannot reach its database; try again");
    return error(call, status, failure.code.empty() ? "invalid_request" : failure.code, failure.message);
}

Response pushed(const signin::PushResult& pushed) {
    Poco::JSON::Object object(Poco::JSON_PRESERVE_KEY_ORDER);
    object.set("request_uri", pushed.request_uri);
    object.set("expires_in", pushed.expires_in);
    return json(201, object);
}

Response text(int status, std::string body) {
    Response response;
    response.status = status;
    response.headers.set("Content-Type", "text/plain; charset=utf-8");
    response.body = std::move(body);
    return response;
}

Response see_other(const std::string& url) {
    Response response;
    response.status = 303;
    response.headers.set("Location", url);
    return response;
}

Response page(int status, std::string html) {
    Response response;
    response.status = status;
    response.headers.set("Content-Type", "text/html; charset=utf-8");
    response.headers.set(
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
    response.body = std::move(html);
    return response;
}

Response form_page(std::string html) {
    Response response = page(200, std::move(html));
    response.headers.set("Referrer-Policy", "same-origin");
    return response;
}

void set_cookie(Response& response, const Services& services, const std::string& name, std::string_view value,
                std::int64_t max_age) {
    response.headers.add("Set-Cookie", name + "=" + std::string(value) +
                                           "; Path=/; Max-Age=" + std::to_string(max_age) + "; HttpOnly; SameSite=Lax" +
                                           (services.secure ? "; Secure" : ""));
}

} // namespace keyfob::server::http::reply
