#include "cli/redirect.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using cli::plan_redirect;
using platform::Url;
using platform::http::ClientRequest;
using platform::http::ClientResponse;

namespace {

std::string resolve(const std::string& reference) {
    const auto url = cli::resolve_reference(*Url::parse("https://a.example/b/c/d?q"), reference);
    return url ? url->text() : "refused";
}

cli::RedirectPlan plan(const std::string& method, int status, std::vector<std::string> locations,
                       const std::string& body = {}) {
    ClientRequest request;
    request.method = method;
    request.url = *Url::parse("https://a.example/x");
    request.body = body;
    ClientResponse head;
    head.status = status;
    for (auto& location : locations)
        head.headers.add("Location", std::move(location));
    return plan_redirect(request, head);
}

} // namespace

TEST_CASE("references are resolved as RFC 3986 section 5.4 shows", "[cli]") {
    CHECK(resolve("https://z.example/g") == "https://z.example/g");
    CHECK(resolve("g") == "https://a.example/b/c/g");
    CHECK(resolve("./g") == "https://a.example/b/c/g");
    CHECK(resolve("g/") == "https://a.example/b/c/g/");
    CHECK(resolve("/g") == "https://a.example/g");
    CHECK(resolve("//g.example") == "https://g.example/");
    CHECK(resolve("?y") == "https://a.example/b/c/d?y");
    CHECK(resolve("g?y") == "https://a.example/b/c/g?y");
    CHECK(resolve("#s") == "https://a.example/b/c/d?q");
    CHECK(resolve("g?y#s") == "https://a.example/b/c/g?y");
    CHECK(resolve("") == "https://a.example/b/c/d?q");
    CHECK(resolve(".") == "https://a.example/b/c/");
    CHECK(resolve("..") == "https://a.example/b/");
    CHECK(resolve("../g") == "https://a.example/b/g");
    CHECK(resolve("../../../../g") == "https://a.example/g");
    CHECK(resolve("/./g/../h/.") == "https://a.example/h/");
    CHECK(resolve("g?y/../x") == "https://a.example/b/c/g?y/../x");
}

TEST_CASE("AG-08: what browsers and servers read differently is refused", "[cli]") {
    for (const char* reference : {"javascript:alert(1)", "file:///etc/passwd", "ftp://a.example/", "https:evil.example",
                                  "/\\evil.example", "\\\\evil.example", "https://u@a.example/", "//", "///x", "/a b",
                                  "/\r\nX: y", "/\xc3\xa9", "https://a.example:0/"}) {
        CAPTURE(reference);
        CHECK(resolve(reference) == "refused");
    }
}

TEST_CASE("redirects inside the origin are followed", "[cli]") {
    const int status = GENERATE(301, 302, 303, 307, 308);
    const auto get = plan("GET", status, {"/y?z"});
    REQUIRE(get.next);
    CHECK(get.next->text() == "https://a.example/y?z");
    CHECK(get.method == "GET");
    CHECK(get.note.empty());
    CHECK(plan("HEAD", status, {"https://a.example:443/y"}).method == "HEAD");
}

TEST_CASE("AG-08, S8: no redirect leaves the origin", "[cli]") {
    const std::string location =
        GENERATE("https://b.example/", "http://a.example/x", "https://a.example:444/x", "//b.example/x",
                 "https://a.example.b.example/", "https://a.example@b.example/", "javascript:x",
                 "https://a.example\\.b.example");
    const auto refused = plan("GET", 302, {location});
    CHECK_FALSE(refused.next);
    CHECK(refused.note.find("not followed") != std::string::npos);
}

TEST_CASE("nothing is sent twice by a redirect but what may be", "[cli]") {
    CHECK_FALSE(plan("POST", 302, {"/y"}).next);
    CHECK_FALSE(plan("POST", 307, {"/y"}).next);
    CHECK_FALSE(plan("DELETE", 308, {"/y"}).next);
    CHECK_FALSE(plan("GET", 302, {"/y"}, "body").next);
    const auto see_other = plan("POST", 303, {"/y"}, "body");
    REQUIRE(see_other.next);
    CHECK(see_other.method == "GET");
}

TEST_CASE("what is no redirect is delivered without a word", "[cli]") {
    for (const int status : {200, 201, 300, 304, 305, 306, 400}) {
        const auto delivered = plan("GET", status, {"/y"});
        CHECK_FALSE(delivered.next);
        CHECK(delivered.note.empty());
    }
    CHECK_FALSE(plan("GET", 302, {}).next);
    CHECK_FALSE(plan("GET", 302, {"/y", "/z"}).next);
    CHECK_FALSE(plan("GET", 302, {"/y", "/z"}).note.empty());
}
