#include "server/http/route_table.h"
#include "tests/unit/server/http/fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

std::vector<Request> browser_requests() {
    std::vector<Request> all;
    for (const Route& route : routes()) {
        if (route.caller != Caller::browser)
            continue;
        Request request = own_post(std::string(route.path) + (route.below ? "/company" : ""), {});
        request.method = route.method;
        all.push_back(std::move(request));
    }
    return all;
}

/// The form of the confirmation page, from a browser of its kind.
int status_of_form(const std::vector<std::pair<std::string, std::string>>& headers) {
    Site site;
    Visit visit(site, *site.company);
    visit.come_back();
    Request request = visit.jar.with(visit.decision("approve"));
    request.headers.remove("Sec-Fetch-Site");
    request.headers.remove("Sec-Fetch-Mode");
    for (const auto& [name, value] : headers)
        request.headers.set(name, value);
    return site.send(request).status;
}

} // namespace

TEST_CASE("SE-15: a browser without Sec-Fetch-Site sends our Origin, because the page with the form lets it") {
    Site site;
    Visit visit(site, *site.company);
    visit.look();
    CHECK(header(visit.page, "Referrer-Policy") == "same-origin"); // no-referrer would make it null
    CHECK(
        header(site.send(get("/callback/company", "code=a&state=b")), "Referrer-Policy").empty()); // AS-21: the front's
    CHECK(status_of_form({{"Origin", k_issuer}}) == 303);
}

TEST_CASE("SE-15: a form of another site, a sandbox or nobody is refused, whatever the browser tells") {
    CHECK(status_of_form({{"Origin", "https://evil.example"}}) == 403);
    CHECK(status_of_form({{"Origin", "null"}}) == 403);
    CHECK(status_of_form({}) == 403);
    CHECK(status_of_form({{"Sec-Fetch-Site", "cross-site"}, {"Origin", k_issuer}}) == 403);
    CHECK(status_of_form({{"Sec-Fetch-Site", "same-site"}, {"Origin", k_issuer}}) == 403);
    CHECK(status_of_form({{"Sec-Fetch-Site", "same-origin"}, {"Origin", "null"}}) == 303);
}

TEST_CASE("SE-15: a frame is no tab on any browser route, though it navigates") {
    Site site;
    for (Request request : browser_requests())
        for (const char* destination : {"iframe", "frame", "object", "embed", "fencedframe", "empty", "image", ""}) {
            request.headers.set("Sec-Fetch-Dest", destination);
            INFO(request.path << " " << destination);
            CHECK(error_of(site.send(request)) == "cross_site");
        }
    for (Request request : browser_requests()) {
        request.headers.set("Sec-Fetch-Dest", "document");
        CHECK(error_of(site.send(request)) != "cross_site");
    }
}

TEST_CASE("SE-15: HEAD moves no sign-in on") {
    Site site;
    for (Request request : browser_requests()) {
        request.method = "HEAD";
        const auto admission = site.router.admit(request);
        INFO(request.path);
        REQUIRE(admission.refusal);
        CHECK(admission.refusal->status == 405);
        CHECK(header(*admission.refusal, "Allow").find("GET") == 0);
    }
    Request request = get(api::k_livez_path);
    request.method = "HEAD";
    CHECK_FALSE(site.router.admit(request).refusal);
}

TEST_CASE("a form is one with a blank before its charset, too") {
    Site site;
    const Device device;
    Request request = site.proven(device, api::k_par_path, Site::push_form(device));
    request.headers.set("Content-Type", k_form + " ; charset=utf-8");
    CHECK(site.send(request).status == 201);
}
