#include "server/http/pages.h"

#include "tests/unit/server/http/fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

const std::string k_attack = R"(<script>alert(1)</script>"'><b>&amp;{{csrf}}{{{csrf}}})";

signin::Confirmation confirmation() {
    signin::Confirmation shown;
    shown.user.name = "Ann";
    shown.user.email = "ann@example.com";
    shown.user.subject = "248289761001";
    shown.provider_name = "Company";
    shown.pairing.device_name = "Ann's laptop";
    shown.pairing.device_os = "Debian 12";
    shown.pairing.client_address = "192.0.2.1";
    shown.pairing.created_at = 1000;
    shown.pairing.flow_id = "flow-1";
    shown.csrf_token = "token-1";
    return shown;
}

bool has(const std::string& page, const std::string& text) {
    return page.find(text) != std::string::npos;
}

void check_harmless(const std::string& page) {
    CHECK_FALSE(has(page, "<script"));
    CHECK_FALSE(has(page, "<b>"));
    CHECK_FALSE(has(page, "\"'>"));
    CHECK(has(page, "&lt;script&gt;"));
    for (const char* foreign : {"http://", "https://", "//", "javascript:", " on", "style="})
        CHECK_FALSE(has(page.substr(0, page.find("<body>")), std::string("=\"") + foreign));
}

} // namespace

TEST_CASE("AS-07: the confirmation shows who, by whom, which device, from where and since when") {
    const std::string page = pages::confirm(confirmation(), 1130);
    for (const char* part : {"<dd>Ann (ann@example.com)</dd>", "<dd>Company</dd>", "Device (as it calls itself)",
                             "Ann&apos;s laptop, Debian 12", "<dd>192.0.2.1</dd>", "<dd>2 minutes ago</dd>"}) {
        INFO(part);
        CHECK(has(page, part));
    }
}

TEST_CASE("AS-07: declining comes first, in the same form and of the same kind as approving") {
    const std::string page = pages::confirm(confirmation(), 1000);
    const std::size_t decline = page.find(R"(<button name="decision" value="decline">Decline</button>)");
    const std::size_t approve = page.find(R"(<button name="decision" value="approve">Approve</button>)");
    REQUIRE(decline != std::string::npos);
    REQUIRE(approve != std::string::npos);
    CHECK(decline < approve);
    CHECK(has(page, R"(<form method="post" action="/confirm">)"));
    CHECK(has(page, R"(name="flow" value="flow-1")"));
    CHECK(has(page, R"(name="csrf" value="token-1")"));
}

TEST_CASE("AS-07: what is not known of a person or device is left out, never empty") {
    signin::Confirmation shown = confirmation();
    shown.pairing.device_os.clear();
    shown.user.email.clear();
    CHECK(has(pages::confirm(shown, 1000), "<dd>Ann</dd>"));
    CHECK(has(pages::confirm(shown, 1000), "Ann&apos;s laptop</dd>"));
    shown.user.name.clear();
    CHECK(has(pages::confirm(shown, 1000), "<dd>248289761001</dd>"));
    shown.user.email = "ann@example.com";
    CHECK(has(pages::confirm(shown, 1000), "<dd>ann@example.com</dd>"));
}

TEST_CASE("AS-07: the age is told in whole minutes") {
    for (const auto& [age, text] : {std::pair{0, "less than a minute"},
                                    {59, "less than a minute"},
                                    {60, "1 minute"},
                                    {119, "1 minute"},
                                    {120, "2 minutes"},
                                    {599, "9 minutes"},
                                    {-5, "less than a minute"}})
        CHECK(has(pages::confirm(confirmation(), 1000 + age), std::string("<dd>") + text + " ago</dd>"));
}

TEST_CASE("WH-03: whatever a device, person or provider calls itself stays text") {
    signin::Confirmation shown = confirmation();
    for (std::string* field : {&shown.user.name, &shown.user.email, &shown.provider_name, &shown.pairing.device_name,
                               &shown.pairing.device_os, &shown.pairing.client_address, &shown.pairing.flow_id}) {
        const std::string before = std::exchange(*field, k_attack);
        const std::string page = pages::confirm(shown, 1000);
        check_harmless(page);
        CHECK(page.find("token-1") == page.rfind("token-1")); // the template in the text was not filled in
        *field = before;
    }
}

TEST_CASE("WH-03: a device's name stays text where the provider is chosen") {
    Site site;
    Visit visit(site, *site.company);
    visit.authorize();
    signin::Flow flow{{}, signin::FlowSecret::from_cookie(visit.secret).value()};
    flow.pairing.device_name = k_attack;
    flow.pairing.flow_id = "flow-1";
    const std::string page = pages::choose_provider(site.providers, flow);
    check_harmless(page);
    CHECK(has(page, R"(href="/authorize/company?flow=flow-1">The company</a>)"));
    CHECK(has(page, R"(href="/authorize/elsewhere?flow=flow-1">The elsewhere</a>)"));
    CHECK_FALSE(has(page, visit.secret));
}

TEST_CASE("WH-03: messages and ways home stay text") {
    check_harmless(pages::message(k_attack, "x", "y", "z"));
    check_harmless(pages::message("x", k_attack, "y", "z"));
    check_harmless(pages::message("x", "y", k_attack, "z"));
    check_harmless(pages::message("x", "y", "z", k_attack));
    check_harmless(pages::go_on("http://127.0.0.1:1/cb/" + k_attack));
}

TEST_CASE("a way home goes on by itself and has a link") {
    const std::string page = pages::go_on("http://127.0.0.1:4711/cb/x?error=a&state=b");
    CHECK(has(page, R"(<meta http-equiv="refresh" content="0;url=http://127.0.0.1:4711/cb/x?error=a&amp;state=b">)"));
    CHECK(has(page, R"(<a href="http://127.0.0.1:4711/cb/x?error=a&amp;state=b">)"));
    CHECK_FALSE(has(pages::message("a", "b", "c", "d"), "http-equiv"));
}

TEST_CASE("AS-21, WH-05: no page has a script, a handler or anything from elsewhere") {
    for (const std::string& page : {pages::confirm(confirmation(), 1000), pages::message("a", "b", "c", "d"),
                                    pages::go_on("/x"), pages::style_sheet()}) {
        for (const char* foreign :
             {"<script", "http://", "https://", "@import", "url(", "<img", "<iframe", "javascript:"})
            CHECK_FALSE(has(page, foreign));
    }
}
