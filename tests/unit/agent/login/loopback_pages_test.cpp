#include "agent/login/loopback_pages.h"

#include "platform/digest.h"

#include <Poco/Base64Encoder.h>
#include <catch2/catch.hpp>

#include <set>
#include <sstream>

using namespace keyfob;
using agent::login::Page;
using platform::http::Response;

namespace {

std::vector<Response> all_pages() {
    std::vector<Response> pages;
    for (const Page page :
         {Page::signed_in, Page::declined, Page::not_allowed, Page::failed, Page::not_yours, Page::over})
        pages.push_back(agent::login::page_response(page));
    pages.push_back(agent::login::signed_in_response("ann@a.example", "cli"));
    pages.push_back(agent::login::not_begun_response("the server is down"));
    return pages;
}

std::string base64(const std::string& octets) {
    std::ostringstream text;
    Poco::Base64Encoder encoder(text);
    encoder << octets;
    encoder.close();
    return text.str();
}

} // namespace

TEST_CASE("AG-04 a page has no script and loads nothing, and its policy says so", "[login]") {
    for (const Response& page : all_pages()) {
        const std::string* policy = page.headers.find("Content-Security-Policy");
        REQUIRE(policy != nullptr);
        for (const char* directive :
             {"default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"})
            REQUIRE(policy->find(directive) != std::string::npos);
        REQUIRE(policy->find("unsafe") == std::string::npos);
        REQUIRE(*page.headers.find("Content-Type") == "text/html; charset=utf-8");
        for (const char* part : {"<script", "src=", "href=", "<form", "<iframe", "http://", "https://", "style="})
            REQUIRE(page.body.find(part) == std::string::npos);
    }
}

TEST_CASE("AG-04 the policy allows the one style of the page by its hash", "[login]") {
    const Response page = agent::login::page_response(Page::over);
    const std::size_t begin = page.body.find("<style>") + 7;
    const std::string style = page.body.substr(begin, page.body.find("</style>") - begin);
    REQUIRE(page.headers.find("Content-Security-Policy")->find("'sha256-" + base64(platform::sha256(style)) + "'") !=
            std::string::npos);
}

TEST_CASE("AG-04 what comes from elsewhere is escaped", "[login]") {
    const std::string hostile = "<script>alert('1')</script>\"&";
    for (const Response& page :
         {agent::login::signed_in_response(hostile, "cli"), agent::login::signed_in_response("ann", hostile),
          agent::login::not_begun_response(hostile)}) {
        REQUIRE(page.body.find("<script") == std::string::npos);
        REQUIRE(page.body.find("&lt;script&gt;") != std::string::npos);
        REQUIRE(page.body.find("\"&<") == std::string::npos);
    }
}

TEST_CASE("each end has a page of its own, and none says signed in but the one", "[login]") {
    std::set<std::string> bodies;
    for (const Page page : {Page::declined, Page::not_allowed, Page::failed, Page::not_yours, Page::over}) {
        const Response response = agent::login::page_response(page);
        bodies.insert(response.body);
        REQUIRE(response.body.find("signed-in") == std::string::npos);
        REQUIRE(response.body.find("You are signed in") == std::string::npos);
    }
    REQUIRE(bodies.size() == 5);
    REQUIRE(agent::login::page_response(Page::not_yours).status == 400);
    REQUIRE(agent::login::page_response(Page::over).status == 410);
    REQUIRE(agent::login::signed_in_response("ann", "cli").status == 200);
}
