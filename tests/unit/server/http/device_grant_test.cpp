#include "server/http/device_pages.h"
#include "server/http/route_table.h"
#include "tests/unit/server/http/fixture.h"
#include "tests/unit/server/signin/device_fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

struct DeviceSite : Site {
    DeviceSite() { services.devices = devices.get(); }

    static Parameters authorization_form(const Device& device) {
        return parameters({{"client_id", api::k_agent_client_id},
                           {"code_challenge", device.challenge()},
                           {"code_challenge_method", "S256"},
                           {"device_name", "Ann's <server>"},
                           {"device_os", "Debian 12"}});
    }
    static Parameters token_form(const Device& device, const std::string& device_code) {
        return parameters({{"client_id", api::k_agent_client_id},
                           {"grant_type", api::k_device_grant_type},
                           {"device_code", device_code},
                           {"code_verifier", device.verifier}});
    }

    std::unique_ptr<signin::DeviceService> devices = must(
        signin::DeviceService::create(signin::tests::settings(), *database.store, sessions, tokens, clock, random));
};

std::string text_of(const Response& response, const char* name) {
    return platform::json::get_string(*must(platform::json::parse_object(response.body)), name).value_or("");
}

std::string hidden(const std::string& page, const std::string& name) {
    const std::string begin = "name=\"" + name + "\" value=\"";
    const std::size_t at = page.find(begin);
    if (at == std::string::npos)
        return "";
    return page.substr(at + begin.size(), page.find('"', at + begin.size()) - at - begin.size());
}

/// A device that has asked, and a browser somewhere.
struct DeviceVisit {
    explicit DeviceVisit(DeviceSite& server) : site(server) {
        const Response begun =
            site.send(site.proven(device, api::k_device_authorization_path, DeviceSite::authorization_form(device)));
        device_code = text_of(begun, "device_code");
        user_code = text_of(begun, "user_code");
        answer = begun;
    }
    Response step(const Request& request) {
        Response response = site.send(jar.with(request));
        jar.keep(response);
        return response;
    }
    Response open() {
        Response response = step(get(api::k_device_path));
        csrf = hidden(response.body, "csrf");
        return response;
    }
    Response type(const std::string& code) {
        open();
        return step(own_post(api::k_device_path, parameters({{"csrf", csrf}, {"user_code", code}})));
    }
    Response enter() {
        Response response = type(user_code);
        const std::string url = header(response, "Location");
        flow_id = url.substr(url.find('=') + 1);
        return response;
    }
    Response look() {
        enter();
        const Response sent = step(get("/authorize/company", "flow=" + flow_id));
        const auto query = site.company->sign_in(header(sent, "Location"), site.company->person("ann"));
        step(get("/callback/company", query.encode()));
        return step(get(api::k_confirm_path, "flow=" + flow_id));
    }
    Response decide(const std::string& decision) {
        const std::string token = hidden(look().body, "csrf");
        return step(
            own_post(api::k_confirm_path, parameters({{"flow", flow_id}, {"csrf", token}, {"decision", decision}})));
    }
    Response poll() {
        return site.send(site.proven(device, api::k_token_path, DeviceSite::token_form(device, device_code)));
    }

    DeviceSite& site;
    Device device = {};
    Jar jar = {};
    Response answer = {};
    std::string device_code = {}, user_code = {}, csrf = {}, flow_id = {};
};

} // namespace

TEST_CASE("AS-17, DG-09: the device grant is not there until it is turned on") {
    Site off;
    const Device device;
    CHECK(
        off.send(off.proven(device, api::k_device_authorization_path, DeviceSite::authorization_form(device))).status ==
        404);
    CHECK(off.send(get(api::k_device_path)).status == 404);
    CHECK(off.send(own_post(api::k_device_path, parameters({{"user_code", "BCDF-GHJK"}}))).status == 404);
    CHECK(error_of(off.send(off.proven(device, api::k_token_path, DeviceSite::token_form(device, "x")))) ==
          "unsupported_grant_type");
    CHECK(off.send(get(api::k_metadata_path)).body.find("device") == std::string::npos);

    DeviceSite on;
    const auto metadata = must(platform::json::parse_object(on.send(get(api::k_metadata_path)).body));
    CHECK(platform::json::get_string(*metadata, "device_authorization_endpoint") == k_issuer + "/device_authorization");
    CHECK(platform::json::get_strings(*metadata, "grant_types_supported") ==
          std::vector<std::string>{"authorization_code", "urn:ietf:params:oauth:grant-type:device_code"});
}

TEST_CASE("a device is signed in through the routes alone") {
    DeviceSite site;
    DeviceVisit visit(site);
    CHECK(visit.answer.status == 200);
    CHECK(text_of(visit.answer, "verification_uri") == k_issuer + "/device");
    CHECK(visit.answer.body.find("verification_uri_complete") == std::string::npos);
    const auto begun = must(platform::json::parse_object(visit.answer.body));
    CHECK(platform::json::get_integer(*begun, "expires_in") == 600);
    CHECK(platform::json::get_integer(*begun, "interval") == 5);
    CHECK(error_of(visit.poll()) == "authorization_pending");
    const Response done = visit.decide("approve");
    CHECK(done.status == 200);
    CHECK(done.headers.find("Location") == nullptr);
    CHECK(done.body.find("The terminal goes on by itself") != std::string::npos);
    const Response token = visit.poll();
    CHECK(token.status == 200);
    CHECK(text_of(token, "token_type") == "keyfob-session");
    Request request = get(api::k_secured_path);
    request.headers.set("Cookie", header(token, "Set-Cookie").substr(0, header(token, "Set-Cookie").find(';')));
    CHECK(site.send(request).body == "Hello ann, you are signed in as ann@example.com (company).\n");
}

TEST_CASE("DG-04: the device is told in the words of RFC 8628") {
    DeviceSite site;
    DeviceVisit visit(site);
    CHECK(visit.poll().status == 400);
    CHECK(error_of(visit.poll()) == "slow_down");
    visit.decide("decline");
    CHECK(error_of(visit.poll()) == "access_denied");
    DeviceVisit late(site);
    site.advance(600);
    CHECK(error_of(late.poll()) == "expired_token");
    CHECK(error_of(site.send(site.proven(late.device, api::k_token_path,
                                         DeviceSite::token_form(late.device, "unknown")))) == "invalid_grant");
}

TEST_CASE("DG-01: the client is looked at before a row is stored, and parameters before a grant is") {
    DeviceSite site;
    const Device device;
    Parameters form = DeviceSite::authorization_form(device);
    const auto with = [&](const std::string& name, const std::string& value) {
        Parameters changed;
        for (const auto& [key, text] : form.all())
            changed.add(key, key == name ? value : text);
        return site.send(site.proven(device, api::k_device_authorization_path, changed));
    };
    CHECK(error_of(with("client_id", "somebody")) == "invalid_client");
    CHECK(site.database.number("SELECT COUNT(*) FROM proofs") == 0);
    CHECK(error_of(with("code_challenge_method", "plain")) == "invalid_request");
    CHECK(error_of(with("code_challenge", "x")) == "invalid_request");
    CHECK(error_of(site.send(post(api::k_device_authorization_path, form))) == "invalid_dpop_proof"); // DG-05
    CHECK(site.database.number("SELECT COUNT(*) FROM device_grants") == 0);
}

TEST_CASE("DG-01: too many are 429") {
    DeviceSite site;
    const Device device;
    for (int i = 0; i < 5; ++i)
        CHECK(site.send(site.proven(device, api::k_device_authorization_path, DeviceSite::authorization_form(device)))
                  .status == 200);
    const Response refused =
        site.send(site.proven(device, api::k_device_authorization_path, DeviceSite::authorization_form(device)));
    CHECK(refused.status == 429);
    CHECK(error_of(refused) == "slow_down");
}

TEST_CASE("DG-06: the code is asked for and never filled in, whatever the address says") {
    DeviceSite site;
    DeviceVisit visit(site);
    for (const std::string& query :
         {std::string(), "user_code=" + visit.user_code, "code=" + visit.user_code + "&csrf=x"}) {
        const Response page = site.send(get(api::k_device_path, query));
        CHECK(page.status == 200);
        CHECK(page.body.find(visit.user_code) == std::string::npos);
        CHECK(page.body.find("name=\"user_code\" type=\"text\" required") != std::string::npos);
        CHECK(page.body.find("<script") == std::string::npos);
        CHECK(page.body.find("Did somebody send you the code?") != std::string::npos);
        CHECK(header(page, "Content-Security-Policy").find("form-action 'self';") != std::string::npos);
        CHECK(header(page, "Referrer-Policy") == "same-origin");
    }
    const Response wrong = visit.type("ZZZZ-ZZZZ\"><b>");
    CHECK(wrong.body.find("<b>") == std::string::npos);
    CHECK(wrong.body.find("ZZZZ") == std::string::npos); // not filled in again either
}

TEST_CASE("DG-06: both pages say which device asks, from where and since when, and what approving gives away") {
    DeviceSite site;
    DeviceVisit visit(site);
    site.advance(180);
    visit.enter();
    const Response choice = visit.step(get(api::k_authorize_path, "flow=" + visit.flow_id));
    DeviceVisit second(site);
    site.advance(180);
    const Response page = second.look();
    for (const std::string& body : {choice.body, page.body}) {
        CHECK_THAT(body, Catch::Matchers::Contains("<dd>Ann&apos;s &lt;server&gt;, Debian 12</dd>"));
        CHECK(body.find("<dd>198.51.100.7</dd>") != std::string::npos);
        CHECK(body.find("<dd>3 minutes ago</dd>") != std::string::npos);
    }
    CHECK(page.body.find("<dd>ann (ann@example.com)</dd>") != std::string::npos);
    CHECK(page.body.find("approving gives them your account. Decline.") != std::string::npos);
    CHECK(page.body.find(">Decline<") < page.body.find(">Approve<")); // AS-07
    CHECK(page.body.find(second.user_code) == std::string::npos);
    CHECK(header(page, "Content-Security-Policy").find("form-action 'self';") != std::string::npos); // no loopback
}

TEST_CASE("DG-07, SE-15: the code is taken from our own form in the same browser only") {
    DeviceSite site;
    DeviceVisit visit(site);
    visit.open();
    const Parameters good = parameters({{"csrf", visit.csrf}, {"user_code", visit.user_code}});
    CHECK(site.send(own_post(api::k_device_path, good)).status == 403); // another browser: it has not the cookie
    CHECK(
        visit.step(own_post(api::k_device_path, parameters({{"csrf", "x"}, {"user_code", visit.user_code}}))).status ==
        403);
    CHECK(visit.step(own_post(api::k_device_path, parameters({{"user_code", visit.user_code}}))).status == 403);
    Request foreign = visit.jar.with(own_post(api::k_device_path, good));
    foreign.headers.set("Sec-Fetch-Site", "cross-site");
    CHECK(site.send(foreign).status == 403);
    CHECK(site.database.number("SELECT COUNT(*) FROM pairings WHERE state = 'proven'") == 0);
    CHECK(visit.step(own_post(api::k_device_path, good)).status == 303);
}

TEST_CASE("SE-03: the cookie of the form has all its attributes, and goes when the flow begins") {
    DeviceSite site;
    DeviceVisit visit(site);
    const std::string field = header(visit.open(), "Set-Cookie");
    CHECK(field.starts_with("__Host-keyfob-device="));
    CHECK(field.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"));
    const std::string csrf = visit.csrf;
    visit.open();
    CHECK(visit.csrf == csrf); // two tabs are one browser
    visit.enter();
    REQUIRE(visit.jar.all().size() == 1);
    CHECK(visit.jar.all()[0].first == "__Host-keyfob-flow-" + visit.flow_id);
}

TEST_CASE("DG-02: wrong codes are told, counted by address, and end in 429") {
    DeviceSite site;
    DeviceVisit visit(site);
    std::string wrong = visit.user_code;
    wrong[1] = wrong[1] == 'B' ? 'C' : 'B';
    for (int i = 0; i < 5; ++i) {
        const Response page = visit.type(wrong);
        CHECK(page.status == 400);
        CHECK(page.body.find("This code is not known.") != std::string::npos);
    }
    const Response refused = visit.type(visit.user_code);
    CHECK(refused.status == 429);
    CHECK(header(refused, "Retry-After") == "120");
    site.advance(120);
    CHECK(visit.type(visit.user_code).status == 303);
}

TEST_CASE("DG-07: declined is final in the browser, and the page says what happened") {
    DeviceSite site;
    DeviceVisit visit(site);
    const std::string token = hidden(visit.look().body, "csrf");
    const Jar before = visit.jar; // the back button, in a browser that keeps its cookies
    const auto decide = [&](const std::string& decision) {
        return site.send(before.with(own_post(
            api::k_confirm_path, parameters({{"flow", visit.flow_id}, {"csrf", token}, {"decision", decision}}))));
    };
    const Response declined = decide("decline");
    CHECK(declined.status == 200);
    CHECK(declined.body.find("Nothing was signed in.") != std::string::npos);
    CHECK(decide("approve").status == 400);
    CHECK(error_of(visit.poll()) == "access_denied");
}

TEST_CASE("DG-08: neither the pages nor the approval of a device are there in another browser") {
    DeviceSite site;
    DeviceVisit visit(site);
    const std::string token = hidden(visit.look().body, "csrf");
    CHECK(site.send(get(api::k_authorize_path, "flow=" + visit.flow_id)).status == 400);
    CHECK(site.send(get(api::k_confirm_path, "flow=" + visit.flow_id)).status == 400);
    CHECK(site.send(own_post(api::k_confirm_path,
                             parameters({{"flow", visit.flow_id}, {"csrf", token}, {"decision", "approve"}})))
              .status == 400);
    CHECK(error_of(visit.poll()) == "authorization_pending");
}

TEST_CASE("RP-21: a refusal of the provider ends on a page of our own, and at the device") {
    DeviceSite site;
    DeviceVisit visit(site);
    visit.enter();
    SECTION("it says no") {
        const Response sent = visit.step(get("/authorize/company", "flow=" + visit.flow_id));
        const Response page = visit.step(
            get("/callback/company", site.company->refuse(header(sent, "Location"), "access_denied").encode()));
        CHECK(page.status == 200);
        CHECK(page.body.find("Nothing was signed in.") != std::string::npos);
        CHECK(page.body.find("http-equiv") == std::string::npos);
        CHECK(error_of(visit.poll()) == "access_denied");
    }
    SECTION("it is away") {
        site.company->failure = platform::Error{platform::ErrorKind::unreachable, "away"};
        const Response page = visit.step(get("/authorize/company", "flow=" + visit.flow_id));
        CHECK(page.status == 200);
        CHECK(page.body.find("Nothing was signed in.") != std::string::npos);
        CHECK(error_of(visit.poll()) == "temporarily_unavailable");
    }
}

TEST_CASE("DG-10: the session list marks what came by a device grant") {
    DeviceSite site;
    DeviceVisit visit(site);
    visit.decide("approve");
    const Response token = visit.poll();
    const Response list = site.send(
        site.proven(visit.device, api::k_sessions_path,
                    parameters({{"client_id", api::k_agent_client_id}, {"session_id", text_of(token, "session_id")}})));
    CHECK(list.body.find(R"("class":"device")") != std::string::npos);
}
