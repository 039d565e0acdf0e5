#pragma once

#include "platform/http/message.h"
#include "platform/result.h"
#include "server/http/call.h"

#include <Poco/JSON/Object.h>

#include <string>

namespace keyfob::server::http::reply {

using platform::http::Response;

[[nodiscard]] Response json(int status, const Poco::JSON::Object& object);
/// `{"error","error_description","request_id"}`; WH-06: never more than that about our insides.
[[nodiscard]] Response error(const Call& call, int status, const std::string& code, const std::string& description);
/// 201 with the request_uri (RFC 9126 section 2.2).
[[nodiscard]] Response pushed(const signin::PushResult& pushed);
/// The API's answer to a failure: `unreachable` is 503 with Retry-After (AS-14, KS-09), everything else `status`.
[[nodiscard]] Response failure(const Call& call, int status, const platform::Error& failure);
[[nodiscard]] Response text(int status, std::string body);
/// 303, never 307: a form's content must not travel on (AS-05).
[[nodiscard]] Response see_other(const std::string& url);
[[nodiscard]] Response page(int status, std::string html);
/// A page with a form to ourselves: under the no-referrer of all other pages (AS-21) browsers would send it with `Origin: null`, like a form of
/// anybody's (SE-15). Other sites are told nothing by this policy, either.
[[nodiscard]] Response form_page(std::string html);

/// `Set-Cookie` with the attributes of SE-03. A max_age of 0 clears it.
void set_cookie(Response& response, const Services& services, const std::string& name, std::string_view value,
                std::int64_t max_age);

} // namespace keyfob::server::http::reply
