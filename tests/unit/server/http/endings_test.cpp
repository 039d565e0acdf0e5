#include "tests/unit/server/http/fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

/// What a page says in its heading.
std::string heading(const Response& response) {
    const std::size_t begin = response.body.find("<h1>") + 4;
    return response.body.substr(begin, response.body.find("</h1>", begin) - begin);
}

/// Every page of a sign-in that a browser can come back to, in that browser or in another one.
std::vector<Response> pages_of(const Visit& visit, bool is_same_browser) {
    std::vector<Response> pages;
    for (const Request& request : {get(api::k_authorize_path, "flow=" + visit.flow_id),
                                   get("/authorize/" + visit.provider.id(), "flow=" + visit.flow_id), visit.proof(),
                                   get("/callback/" + visit.provider.id(), visit.answer.encode()),
                                   get(api::k_confirm_path, "flow=" + visit.flow_id), visit.decision("approve")})
        pages.push_back(visit.site.send(is_same_browser ? visit.jar.with(request) : request));
    return pages;
}

void end(Site& site, Visit& visit, const std::string& how) {
    visit.come_back();
    if (how == "approve" || how == "decline")
        visit.agent_url = header(visit.step(visit.decision(how), 303), "Location");
    else if (how == "supersede")
        site.send(site.proven(visit.device, api::k_par_path, Site::push_form(visit.device.again())));
    else if (how == "cancel")
        site.send(site.proven(visit.device, api::k_cancel_path, parameters({{"client_id", api::k_agent_client_id}})));
    else
        site.advance(601);
}

} // namespace

TEST_CASE("the browser that began a sign-in is told how it ended on every page of it, and how to start again") {
    const auto [how, title] = GENERATE(table<std::string, std::string>({
        {"approve", "This sign-in is finished"},
        {"decline", "This sign-in was declined"},
        {"supersede", "A newer sign-in has taken its place"},
        {"cancel", "This sign-in was cancelled"},
        {"wait", "This sign-in took too long"},
    }));
    Site site;
    Visit visit(site, *site.company);
    end(site, visit, how);
    for (const Response& page : pages_of(visit, true)) {
        CHECK(page.status == 400);
        CHECK(heading(page) == title);
        CHECK(page.body.find("run the command in the terminal again") != std::string::npos);
    }
}

TEST_CASE("OP-02: another browser is not told how a sign-in ended") {
    const std::string how = GENERATE("approve", "decline", "supersede", "cancel", "wait");
    Site site;
    Visit visit(site, *site.company);
    end(site, visit, how);
    for (const Response& page : pages_of(visit, false))
        CHECK(heading(page) == "This sign-in is over");
}

TEST_CASE("AS-04: going back after the approval does not take the code away from the agent") {
    Site site;
    Visit visit(site, *site.company);
    visit.approve();
    const bool is_same_browser = GENERATE(true, false);
    pages_of(visit, is_same_browser);
    CHECK(visit.redeem().status == (is_same_browser ? 200 : 400)); // a stranger with the agent's answer ends it
}

TEST_CASE("the decision sets the flow cookie anew, or browsers would show the form again when somebody goes back") {
    Site site;
    Visit visit(site, *site.company);
    visit.come_back();
    const Response decided = visit.step(visit.decision("decline"), 303);
    CHECK(header(decided, "Set-Cookie") == "__Host-keyfob-flow-" + visit.flow_id + "=" + visit.secret +
                                               "; Path=/; Max-Age=540; HttpOnly; SameSite=Lax; Secure");
}
