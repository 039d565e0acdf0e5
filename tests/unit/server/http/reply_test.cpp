#include "server/http/reply.h"

#include "tests/unit/server/http/fixture.h"

using namespace keyfob;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

struct Bench : Site {
    explicit Bench(const std::string& url = k_issuer) : Site(url) {}
    Request request = get("/par");
    Call call{request, services, "", {}, {}, {}, {}};
};

std::string cookie_of(const std::string& url, std::int64_t max_age) {
    Bench bench(url);
    Response response;
    reply::set_cookie(response, bench.services, bench.services.cookie_name(), "value", max_age);
    return header(response, "Set-Cookie");
}

} // namespace

TEST_CASE("SE-03: cookies have all their attributes, and clearing one has the same") {
    CHECK(cookie_of("https://id.example.com", 600) ==
          "__Host-keyfob=value; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
    CHECK(cookie_of("https://id.example.com", 0) ==
          "__Host-keyfob=value; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure");
    CHECK(cookie_of("http://127.0.0.1:8420", 600) == "keyfob=value; Path=/; Max-Age=600; HttpOnly; SameSite=Lax");
}

TEST_CASE("AS-05: a redirect is 303") {
    const Response response = reply::see_other("https://login.example.com/x");
    CHECK(response.status == 303);
    CHECK(header(response, "Location") == "https://login.example.com/x");
    CHECK(response.body.empty());
}

TEST_CASE("WH-06: an error has a code, a sentence and the request id, and nothing more") {
    Bench bench;
    const Response response = reply::error(bench.call, 400, "invalid_request", "a \"quoted\" <reason>");
    CHECK(response.status == 400);
    CHECK(header(response, "Content-Type") == "application/json");
    CHECK(response.body ==
          R"({"error":"invalid_request","error_description":"a \"quoted\" <reason>","request_id":"request-1"})");
}

TEST_CASE("AS-14, KS-09: a store that does not answer is 503 with Retry-After, and none of its words come out") {
    Bench bench;
    const platform::Error failure{platform::ErrorKind::unreachable, "no such table: cookies", "", "session_ended"};
    for (const int status : {400, 401, 429}) {
        const Response response = reply::failure(bench.call, status, failure);
        CHECK(response.status == 503);
        CHECK(header(response, "Retry-After") == "2");
        CHECK(error_of(response) == "temporarily_unavailable");
        CHECK(response.body.find("table") == std::string::npos);
    }
}

TEST_CASE("a failure without a code is an invalid request") {
    Bench bench;
    CHECK(error_of(reply::failure(bench.call, 400, {platform::ErrorKind::invalid, "bad"})) == "invalid_request");
    CHECK(error_of(reply::failure(bench.call, 401, {platform::ErrorKind::denied, "bad", "", "session_ended"})) ==
          "session_ended");
}

TEST_CASE("AS-20: a page can neither be framed nor run or load anything from elsewhere") {
    const Response response = reply::page(200, "<p>");
    CHECK(header(response, "Content-Type") == "text/html; charset=utf-8");
    CHECK(header(response, "Content-Security-Policy") ==
          "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
}
