#include "tests/unit/server/signin/client_fixture.h"
#include "tests/unit/server/signin/device_fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::signin;
using namespace keyfob::server::signin::tests;

namespace {

const Client k_tool{"tool", "Example tool", {"/callback"}, true};
const Client k_other_tool{"other-tool", "Other tool", {"/callback"}, true};

/// Two standard clients that may use the device grant.
struct Tools : DeviceFixture {
    Tools() { clients = Clients({k_tool, k_other_tool}); }

    DeviceAuthorization ask(const Client& client = k_tool) {
        DeviceRequest request;
        request.device_name = client.name;
        request.client_address = "192.0.2.1";
        request.client_id = client.id;
        return must(devices->authorize(request));
    }
    std::string told(const std::string& device_code, const Client& client = k_tool) {
        const auto issued = devices->poll(client, device_code);
        return issued ? "token" : issued.error().code;
    }
};

} // namespace

TEST_CASE("DG-04: a standard client waits, a person approves, and it gets a token that is unbound and of one hour") {
    Tools fixture;
    const DeviceAuthorization begun = fixture.ask();
    CHECK(fixture.told(begun.device_code) == "authorization_pending");
    CHECK(fixture.told(begun.device_code) == "slow_down");
    fixture.to_decided(begun.user_code, true);
    const IssuedToken issued = must(fixture.devices->poll(k_tool, begun.device_code));
    CHECK(issued.expires_in == 3600);
    const auto owner = must(fixture.tokens.authenticate(std::string(issued.token.reveal())));
    REQUIRE(owner);
    CHECK(owner->session.client_id == "tool");
    CHECK(owner->session.key_kind == "none");
    CHECK(owner->session.session_class == k_device_class); // DG-10: what lists and the audit are searched for
    CHECK(owner->session.device_thumbprint.empty());
}

TEST_CASE("DG-05, AS-04: a device code of a standard client is good once, and for that client") {
    Tools fixture;
    const DeviceAuthorization first = fixture.ask();
    fixture.to_decided(first.user_code, true);
    const IssuedToken issued = must(fixture.devices->poll(k_tool, first.device_code));
    CHECK(fixture.told(first.device_code) == "invalid_grant");
    CHECK_FALSE(must(fixture.tokens.authenticate(std::string(issued.token.reveal())))); // who it was cannot be told

    const DeviceAuthorization second = fixture.ask();
    CHECK(fixture.told(second.device_code, k_other_tool) == "invalid_grant");
    CHECK(fixture.told(second.device_code) == "access_denied"); // it was seen by somebody, so it is over
    const Device device;
    const DeviceAuthorization third = fixture.ask();
    fixture.to_decided(third.user_code, true);
    CHECK(fixture.DeviceFixture::told(device, third.device_code) == "invalid_grant");
    CHECK(fixture.told(third.device_code) == "access_denied");
}

TEST_CASE("AS-02: a device code of our agent is nothing to a standard client") {
    Tools fixture;
    const Device device;
    const DeviceAuthorization begun = fixture.authorize(device);
    fixture.to_decided(begun.user_code, true);
    CHECK(fixture.told(begun.device_code) == "invalid_grant");
    CHECK(fixture.database.number("SELECT COUNT(*) FROM sessions") == 0);
}

TEST_CASE("clients without a key do not end each other's sign-ins") {
    Tools fixture;
    const DeviceAuthorization first = fixture.ask();
    const DeviceAuthorization second = fixture.ask();
    fixture.to_decided(first.user_code, true);
    fixture.to_decided(second.user_code, false);
    CHECK(fixture.told(first.device_code) == "token");
    CHECK(fixture.told(second.device_code) == "access_denied");
}
