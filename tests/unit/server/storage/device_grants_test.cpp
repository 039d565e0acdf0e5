#include "server/signin/device_grant_store.h"

#include "tests/unit/server/storage/fixture.h"

using namespace keyfob::server;
using namespace keyfob::server::storage::tests;
using keyfob::platform::ErrorKind;
using signin::DeviceCodeHashes;

namespace {

Pairing device_pairing(const std::string& name, const std::string& address = "192.0.2.1") {
    Pairing pairing = make_pairing(name);
    pairing.redirect_uri.clear();
    pairing.client_state.clear();
    pairing.request_uri_hash.clear();
    pairing.request_uri_expires_at = 0;
    pairing.client_address = address;
    return pairing;
}

DeviceCodeHashes codes_of(const std::string& name) {
    return {"device code of " + name, "user code of " + name};
}

struct DeviceFixture : Fixture {
    using Fixture::Fixture;
    signin::DeviceGrantStore& grants() { return store->device_grants(); }
    keyfob::platform::Result<bool> add(const std::string& name, const std::string& address = "192.0.2.1") {
        return grants().add(device_pairing(name, address), codes_of(name), 5);
    }
    std::optional<Pairing> begin(const std::string& name, std::int64_t now = k_now) {
        const auto begun =
            grants().begin_flow("user code of " + name, {"flow of " + name, "secret", "198.51.100.7"}, now);
        REQUIRE(begun);
        return *begun;
    }
};

storage::StoreOptions few(std::int64_t all, std::int64_t per_address) {
    storage::StoreOptions options;
    options.device_grants = all;
    options.device_grants_per_address = per_address;
    return options;
}

} // namespace

TEST_CASE("a device grant is found by either code, and its user code is used up by the first") {
    DeviceFixture fixture;
    REQUIRE(fixture.add("anna").value());
    const auto polled = fixture.grants().poll("device code of anna", 5, k_now);
    REQUIRE(polled);
    REQUIRE(*polled);
    CHECK((*polled)->pairing.state == PairingState::created);
    CHECK((*polled)->pairing.is_device_grant());
    CHECK((*polled)->pairing.device_name == "laptop of anna");
    CHECK_FALSE((*polled)->too_fast);
    const auto begun = fixture.begin("anna");
    REQUIRE(begun);
    CHECK(begun->state == PairingState::proven);
    CHECK(begun->flow_id == "flow of anna");
    CHECK_FALSE(fixture.begin("anna"));
    CHECK_FALSE(fixture.begin(""));
    CHECK_FALSE(fixture.grants().poll("user code of anna", 5, k_now).value());
    CHECK_FALSE(fixture.store->begin_flow("", {"flow", "secret", "", k_now + 30}, k_now).value());
}

TEST_CASE("DG-01: an expired code begins nothing, and may be made again") {
    DeviceFixture fixture;
    REQUIRE(fixture.add("anna").value());
    CHECK_FALSE(fixture.begin("anna", k_now + 600));
    CHECK_FALSE(fixture.add("anna").value()); // it is live for others who ask now
    Pairing later = device_pairing("bert");
    later.created_at = k_now + 600;
    later.expires_at = k_now + 1200;
    CHECK(fixture.grants().add(later, {"another", "user code of anna"}, 5).value());
    CHECK(fixture.begin("anna", k_now + 601)->device_name == "laptop of bert");
}

TEST_CASE("KS-08, DG-01: device grants are capped for a key, an address and in all, whatever became of them") {
    DeviceFixture fixture(few(8, 3));
    for (int i = 0; i < 3; ++i)
        REQUIRE(fixture.add("one " + std::to_string(i)));
    CHECK(fixture.add("one 3").error().kind == ErrorKind::denied);
    CHECK(fixture.add("one 4", "192.0.2.2"));
    for (int i = 0; i < 3; ++i) // of IPv6 the /64
        REQUIRE(fixture.add("six " + std::to_string(i), "2001:db8::" + std::to_string(i + 1)));
    CHECK(fixture.add("six 3", "2001:db8::ffff").error().kind == ErrorKind::denied);
    REQUIRE(fixture.begin("one 0"));
    REQUIRE(fixture.store->deny(fixture.begin("one 1")->id, k_declined, k_now).value());
    REQUIRE(fixture.add("eighth", "192.0.2.3"));
    CHECK(fixture.add("ninth", "192.0.2.4").error().kind == ErrorKind::denied);
    CHECK(fixture.number("SELECT COUNT(*) FROM device_grants") == 8);
    CHECK(fixture.number("SELECT COUNT(*) FROM pairings") == 8);
}

TEST_CASE("KS-08: programs without a key have half of the room, and devices with one the rest") {
    DeviceFixture fixture(few(8, 8));
    const auto add_program = [&](const std::string& name) {
        Pairing program = device_pairing(name);
        program.device_thumbprint.clear();
        program.client_id = "tool";
        return fixture.grants().add(program, codes_of(name), 5);
    };
    for (int i = 0; i < 4; ++i)
        REQUIRE(add_program("program " + std::to_string(i)));
    CHECK(add_program("program 4").error().kind == ErrorKind::denied);
    for (int i = 0; i < 4; ++i)
        REQUIRE(fixture.add("device " + std::to_string(i)));
    CHECK(fixture.add("device 4").error().kind == ErrorKind::denied);
}

TEST_CASE("KS-08: a key has five device grants at a time, of which the newest counts") {
    DeviceFixture fixture;
    for (int i = 0; i < 5; ++i)
        REQUIRE(fixture.grants().add(device_pairing("anna"), codes_of(std::to_string(i)), 5));
    CHECK(fixture.grants().add(device_pairing("anna"), codes_of("5"), 5).error().kind == ErrorKind::denied);
    CHECK(fixture.number("SELECT COUNT(*) FROM pairings WHERE state = 'superseded'") == 4);
    CHECK_FALSE(fixture.begin("3"));
    CHECK(fixture.begin("4"));
}

TEST_CASE("DG-07: a refusal is kept for the device, once, and closes every door") {
    DeviceFixture fixture;
    REQUIRE(fixture.add("anna").value());
    const auto begun = fixture.begin("anna");
    const signin::AuditNote note{signin::AuditEvent::pairing_refused, "no rule"};
    CHECK(fixture.grants().refuse(begun->id, {"keyfob_not_allowed", "no rule"}, note, k_now).value());
    CHECK_FALSE(fixture.grants().refuse(begun->id, {"access_denied", "later"}, note, k_now).value());
    CHECK_FALSE(fixture.store->approve(begun->id, "", k_now + 600, k_now).value());
    const auto polled = fixture.grants().poll("device code of anna", 5, k_now).value().value();
    CHECK(polled.pairing.state == PairingState::denied);
    CHECK(polled.refusal.code == "keyfob_not_allowed");
    CHECK(polled.refusal.text == "no rule");
    CHECK(fixture.number("SELECT COUNT(*) FROM audit WHERE event = 'pairing_refused'") == 1);
}

TEST_CASE("KS-08: a device grant goes with its pairing") {
    DeviceFixture fixture;
    REQUIRE(fixture.add("anna").value());
    CHECK(fixture.store->remove_expired(k_now + 600 + 3600, 100).value() == 1);
    CHECK(fixture.number("SELECT COUNT(*) FROM device_grants") == 0);
    CHECK_FALSE(fixture.grants().poll("device code of anna", 5, k_now).value());
}
