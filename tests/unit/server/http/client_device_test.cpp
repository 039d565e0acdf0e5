#include "tests/unit/server/http/client_fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::http;
using namespace keyfob::server::http::tests;

namespace {

/// A site where one of the standard clients may use the device grant.
struct ToolSite : ClientSite {
    ToolSite() {
        clients = signin::Clients({{"tool", "Example <tool>", {"/callback"}, true}, k_program});
        services.devices = devices.get();
    }
    Response ask(const std::string& client, const std::string& scope = {}) {
        Parameters form = parameters({{"client_id", client}});
        if (!scope.empty())
            form.add("scope", scope);
        return send(post(api::k_device_authorization_path, form));
    }
    Response poll(const std::string& client, const std::string& device_code) {
        return send(post(api::k_token_path, parameters({{"grant_type", api::k_device_grant_type},
                                                        {"client_id", client},
                                                        {"device_code", device_code}})));
    }

    std::unique_ptr<signin::DeviceService> devices = must(
        signin::DeviceService::create(signin::tests::settings(), *database.store, sessions, tokens, clock, random));
};

} // namespace

TEST_CASE("RFC 8628: a standard client asks without a proof and is told to wait") {
    ToolSite site;
    const Response begun = site.ask("tool");
    REQUIRE(begun.status == 200);
    CHECK(member(begun, "verification_uri") == k_issuer + "/device");
    CHECK(member(begun, "user_code").size() == 9);
    CHECK(error_of(site.poll("tool", member(begun, "device_code"))) == "authorization_pending");
    CHECK(error_of(site.poll("tool", member(begun, "device_code"))) == "slow_down");
    CHECK(error_of(site.poll("tool", "unknown")) == "invalid_grant");
}

TEST_CASE("DG-09: a standard client needs the operator's leave for the device grant") {
    ToolSite site;
    CHECK(error_of(site.ask(k_program.id)) == "unauthorized_client");
    CHECK(error_of(site.poll(k_program.id, "x")) == "unsupported_grant_type");
    CHECK(error_of(site.ask("tool", "openid")) == "invalid_scope");
    CHECK(site.database.number("SELECT COUNT(*) FROM device_grants") == 0);
    site.services.devices = nullptr;
    CHECK(site.ask("tool").status == 404);
    CHECK(error_of(site.poll("tool", "x")) == "unsupported_grant_type");
}

TEST_CASE("DG-06: the page names the program, as the operator calls it, and says that it is unbound") {
    ToolSite site;
    const Response begun = site.ask("tool");
    Jar jar;
    const auto step = [&](const Request& request) {
        Response response = site.send(jar.with(request));
        jar.keep(response);
        return response;
    };
    const Response form = step(get(api::k_device_path));
    const std::string mark = "name=\"csrf\" value=\"";
    const std::size_t at = form.body.find(mark) + mark.size();
    const std::string csrf = form.body.substr(at, form.body.find('"', at) - at);
    const Response entered =
        step(own_post(api::k_device_path, parameters({{"csrf", csrf}, {"user_code", member(begun, "user_code")}})));
    const std::string url = header(entered, "Location");
    const Response page = step(get(api::k_authorize_path, url.substr(url.find('?') + 1)));
    CHECK(page.body.find("<dt>Program (nobody can check that it is this one)</dt><dd>Example &lt;tool&gt;, unbound") !=
          std::string::npos);
    CHECK(page.body.find("as it calls itself") == std::string::npos);
}
