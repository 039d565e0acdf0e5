#include "tests/unit/server/signin/device_fixture.h"

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::signin;
using namespace keyfob::server::signin::tests;
using platform::ErrorKind;

TEST_CASE("DG-05: a device waits, a person types its code and approves, and the device alone gets the session") {
    DeviceFixture fixture;
    const Device device;
    const DeviceAuthorization begun = fixture.authorize(device);
    CHECK(platform::base64url_decode(begun.device_code)->size() == 32); // DG-03
    CHECK(begun.expires_in == 600);                                     // DG-01
    CHECK(begun.interval == 5);
    CHECK(fixture.told(device, begun.device_code) == "authorization_pending");
    fixture.to_decided(begun.user_code, true);
    fixture.advance(5);
    const IssuedCookie issued = must(fixture.poll(device, begun.device_code));
    CHECK(issued.owner.user.subject == "subject of ann");
    CHECK(issued.owner.session.device_name == "Ann's server");
    CHECK(issued.owner.session.device_thumbprint == device.key.thumbprint());
    CHECK(fixture.is_live(issued));
}

TEST_CASE("DG-10: a session of a device grant has a class and an end of its own, and renewing moves neither") {
    DeviceFixture fixture;
    const Device device;
    const DeviceAuthorization begun = fixture.authorize(device);
    fixture.to_decided(begun.user_code, true);
    const IssuedCookie issued = must(fixture.poll(device, begun.device_code));
    CHECK(issued.owner.session.session_class == "device");
    CHECK(issued.owner.session.expires_at == fixture.clock.unix_seconds() + 3600);
    fixture.advance(1800);
    const auto renewal =
        must(fixture.sessions.renew(issued.owner.session.id, device.proof(issued.challenge), k_refresh_url));
    REQUIRE(renewal.issued);
    CHECK(renewal.issued->owner.session.session_class == "device");
    CHECK(renewal.issued->owner.session.expires_at == issued.owner.session.expires_at);
    fixture.advance(1799);
    CHECK(must(fixture.sessions.renew(issued.owner.session.id, "", k_refresh_url)).challenge ==
          renewal.issued->challenge);
    fixture.advance(1);
    CHECK(fixture.sessions.renew(issued.owner.session.id, "", k_refresh_url).error().code == "session_ended");
    const IssuedCookie usual = fixture.to_session(Device());
    CHECK(usual.owner.session.session_class == "standard");
    CHECK(usual.owner.session.expires_at == fixture.clock.unix_seconds() + 30 * 24 * 3600);
}

TEST_CASE("DG-10: no device session outlives what all sessions may") {
    DeviceFixture fixture;
    Settings narrow = settings();
    narrow.session_absolute_seconds = 900;
    SessionService sessions(narrow, *fixture.database.store, fixture.clock, fixture.random);
    const auto devices = must(DeviceService::create(narrow, *fixture.database.store, sessions, fixture.tokens,
                                                    fixture.clock, fixture.random));
    const Device device;
    const auto begun = must(devices->authorize(DeviceFixture::request(device)));
    fixture.to_decided(begun.user_code, true);
    const auto issued = must(devices->poll({begun.device_code, device.verifier, device.key.thumbprint()}));
    CHECK(issued.owner.session.expires_at == fixture.clock.unix_seconds() + 900);
}

TEST_CASE("DG-04: who asks too fast is told so, and has to wait five seconds longer each time, at every server") {
    DeviceFixture fixture;
    const Device device;
    const std::string code = fixture.authorize(device).device_code;
    CHECK(fixture.told(device, code) == "authorization_pending");
    fixture.advance(4);
    CHECK(fixture.told(device, code) == "slow_down"); // the interval is 10 now
    fixture.advance(9);
    CHECK(fixture.told(device, code) == "slow_down"); // and 15
    fixture.advance(14);
    const auto elsewhere =
        must(DeviceService::create(settings(), *fixture.database.store, fixture.sessions, fixture.tokens, fixture.clock,
                                   fixture.random)); // another server of this database
    CHECK(elsewhere->poll({code, device.verifier, device.key.thumbprint()}).error().code == "slow_down");
    fixture.advance(20);
    CHECK(fixture.told(device, code) == "authorization_pending");
    fixture.advance(20);
    CHECK(fixture.told(device, code) == "authorization_pending");
}

TEST_CASE("DG-04: what has been decided is told at once, also to who asks too fast") {
    DeviceFixture fixture;
    const Device device;
    const auto begun = fixture.authorize(device);
    const bool approve = GENERATE(true, false);
    CHECK(fixture.told(device, begun.device_code) == "authorization_pending");
    fixture.to_decided(begun.user_code, approve);
    CHECK(fixture.told(device, begun.device_code) == (approve ? "session" : "access_denied"));
}

TEST_CASE("DG-04: after ten minutes the code is expired, whatever was reached") {
    DeviceFixture fixture;
    const Device device;
    const auto begun = fixture.authorize(device);
    Browser browser;
    const int reached = GENERATE(0, 1, 2, 3);
    Flow flow =
        reached > 0 ? fixture.to_confirmation(begun.user_code, browser) : Flow{{}, fixture.devices->make_secret()};
    if (reached == 2)
        must(fixture.decide(flow, browser, true));
    if (reached == 3)
        must(fixture.decide(flow, browser, false));
    fixture.advance(600);
    CHECK(fixture.told(device, begun.device_code) == (reached == 3 ? "access_denied" : "expired_token"));
    CHECK(fixture.devices->enter(begun.user_code, "198.51.100.7").error().kind == ErrorKind::not_found);
    if (reached == 1)
        CHECK(fixture.decide(flow, browser, true).error().kind == ErrorKind::not_found);
}

TEST_CASE("DG-03: the same request within a minute gets the same session; after that it ends") {
    DeviceFixture fixture;
    const Device device;
    const auto begun = fixture.authorize(device);
    fixture.to_decided(begun.user_code, true);
    const IssuedCookie first = must(fixture.poll(device, begun.device_code));
    fixture.advance(60);
    const IssuedCookie again = must(fixture.poll(device, begun.device_code));
    CHECK(again.owner.session.id == first.owner.session.id);
    CHECK(fixture.is_live(first));
    fixture.advance(1);
    CHECK(fixture.told(device, begun.device_code) == "invalid_grant");
    CHECK_FALSE(fixture.is_live(first));
    CHECK(fixture.told(device, begun.device_code) == "invalid_grant");
    CHECK(fixture.database.number("SELECT COUNT(*) FROM sessions") == 1);
}

TEST_CASE("DG-05: a device code with another key or verifier ends the grant, and before that tells nothing") {
    DeviceFixture fixture;
    const Device device;
    const Device thief;
    const auto begun = fixture.authorize(device);
    const bool has_key = GENERATE(true, false);
    const bool approved = GENERATE(true, false);
    if (approved)
        fixture.to_decided(begun.user_code, true);
    const auto stolen = fixture.devices->poll({begun.device_code, has_key ? thief.verifier : device.verifier,
                                               has_key ? device.key.thumbprint() : thief.key.thumbprint()});
    CHECK(stolen.error().code == "invalid_grant");
    CHECK(fixture.told(device, begun.device_code) == "access_denied");
    CHECK(fixture.database.number("SELECT COUNT(*) FROM sessions") == 0);
    CHECK(fixture.database.number("SELECT COUNT(*) FROM audit WHERE event = 'code_burned'") == 1);
}

TEST_CASE("DG-05: a device code that comes from elsewhere after its use ends the session") {
    DeviceFixture fixture;
    const Device device;
    const auto begun = fixture.authorize(device);
    fixture.to_decided(begun.user_code, true);
    const IssuedCookie issued = must(fixture.poll(device, begun.device_code));
    CHECK(fixture.told(Device(), begun.device_code) == "invalid_grant");
    CHECK_FALSE(fixture.is_live(issued));
}

TEST_CASE("DG-07: declined is final: neither the back button nor the code leads anywhere any more") {
    DeviceFixture fixture;
    const Device device;
    const auto begun = fixture.authorize(device);
    Browser browser;
    const Flow flow = fixture.to_confirmation(begun.user_code, browser);
    must(fixture.decide(flow, browser, false));
    CHECK(fixture.decide(flow, browser, true).error().kind == ErrorKind::not_found);
    CHECK(fixture.pairings.confirmation(flow.pairing.flow_id, browser.cookie()).error().kind == ErrorKind::not_found);
    CHECK(fixture.devices->enter(begun.user_code, "198.51.100.7").error().kind == ErrorKind::not_found);
    CHECK(fixture.told(device, begun.device_code) == "access_denied");
    CHECK(fixture.database.number("SELECT COUNT(*) FROM audit WHERE event = 'pairing_declined'") == 1);
}

TEST_CASE("DG-08: what another browser finished goes nowhere") {
    DeviceFixture fixture;
    const Device device;
    const auto begun = fixture.authorize(device);
    Browser browser;
    const Flow flow = fixture.enter(begun.user_code, browser);
    const auto answer = fixture.answer(flow, "victim"); // the address of the provider was sent to somebody else
    CHECK(fixture.pairings.finish_upstream("company", answer, Browser().cookie()).error().kind == ErrorKind::not_found);
    CHECK(fixture.company->completions == 0);
    CHECK(fixture.told(device, begun.device_code) == "access_denied");
}

TEST_CASE("DG-08: a confirmation is approved in its own browser and by its own form alone") {
    DeviceFixture fixture;
    const auto begun = fixture.authorize(Device());
    Browser browser;
    const Flow flow = fixture.to_confirmation(begun.user_code, browser);
    CHECK(fixture.decide(flow, Browser(), true).error().kind == ErrorKind::not_found);
    CHECK(fixture.pairings.decide(flow.pairing.flow_id, browser.cookie(), "guess", true).error().kind ==
          ErrorKind::denied);
    CHECK(fixture.state_of(flow) == PairingState::identified);
}

TEST_CASE("DG-11: a code is good for one use, so whoever looked over the shoulder has nothing") {
    DeviceFixture fixture;
    const auto begun = fixture.authorize(Device());
    Browser browser;
    fixture.enter(begun.user_code, browser);
    CHECK(fixture.devices->enter(begun.user_code, "198.51.100.8").error().kind == ErrorKind::not_found);
}

TEST_CASE("AS-22: a user who is disabled meanwhile gets no session, at whichever step") {
    DeviceFixture fixture;
    const Device device;
    const auto begun = fixture.authorize(device);
    fixture.to_session(Device()); // ann is known
    Browser browser;
    SECTION("before the provider has answered") {
        const Flow flow = fixture.enter(begun.user_code, browser);
        fixture.disable_everybody();
        const auto outcome =
            must(fixture.pairings.finish_upstream("company", fixture.answer(flow, "ann"), browser.cookie()));
        CHECK(outcome.flow_id.empty());
        CHECK(outcome.agent_url.empty());
        CHECK(fixture.told(device, begun.device_code) == "keyfob_not_allowed");
    }
    SECTION("before the confirmation") {
        const Flow flow = fixture.to_confirmation(begun.user_code, browser);
        fixture.disable_everybody();
        CHECK(fixture.decide(flow, browser, true).error().kind == ErrorKind::not_found);
        CHECK(fixture.told(device, begun.device_code) == "authorization_pending");
    }
    SECTION("before the device asks") {
        fixture.to_decided(begun.user_code, true);
        fixture.disable_everybody();
        CHECK(fixture.told(device, begun.device_code) == "invalid_grant");
    }
    SECTION("afterwards") {
        fixture.to_decided(begun.user_code, true);
        const IssuedCookie issued = must(fixture.poll(device, begun.device_code));
        fixture.disable_everybody();
        CHECK_FALSE(fixture.is_live(issued));
        CHECK(fixture.told(device, begun.device_code) == "invalid_grant");
    }
}

TEST_CASE("RP-21: the device is told why nobody was let in") {
    DeviceFixture fixture(std::vector<AllowRule>{});
    const Device device;
    const auto begun = fixture.authorize(device);
    Browser browser;
    const Flow flow = fixture.enter(begun.user_code, browser);
    SECTION("no rule") {
        must(fixture.pairings.finish_upstream("company", fixture.answer(flow, "ann"), browser.cookie()));
        const auto told = fixture.poll(device, begun.device_code);
        CHECK(told.error().code == "keyfob_not_allowed");
        CHECK(told.error().message ==
              "this server does not let that person in"); // who was at the page has approved nothing
    }
    SECTION("declined at the provider") {
        const auto refusal =
            fixture.company->refuse(must(fixture.pairings.provider_url(flow, "company")), "access_denied");
        must(fixture.pairings.finish_upstream("company", refusal, browser.cookie()));
        CHECK(fixture.told(device, begun.device_code) == "access_denied");
    }
    SECTION("no provider") {
        fixture.company->failure = platform::Error{ErrorKind::unreachable, "away"};
        CHECK(must(fixture.pairings.provider_url(flow, "company")).empty());
        CHECK(fixture.told(device, begun.device_code) == "temporarily_unavailable");
    }
}

TEST_CASE("S8: what the agent cancels is over for browser and device") {
    DeviceFixture fixture;
    const Device device;
    const auto begun = fixture.authorize(device);
    Browser browser;
    const Flow flow = fixture.to_confirmation(begun.user_code, browser);
    CHECK(must(fixture.pairings.cancel(device.key.thumbprint())) == 1);
    CHECK(fixture.decide(flow, browser, true).error().kind == ErrorKind::not_found);
    CHECK(fixture.told(device, begun.device_code) == "access_denied");
}

TEST_CASE("DG-02: guessed codes are counted, end in slow_down, and operators are told; no code is written down") {
    DeviceFixture fixture;
    const auto begun = fixture.authorize(Device());
    std::string wrong = begun.user_code;
    wrong[0] = wrong[0] == 'B' ? 'C' : 'B';
    for (int address = 1; address <= 10; ++address)
        for (int i = 0; i < 5; ++i)
            (void)fixture.devices->enter(wrong, "192.0.2." + std::to_string(address));
    CHECK(fixture.devices->enter(wrong, "203.0.113.1").error().code == "slow_down");
    CHECK(fixture.devices->enter(begun.user_code, "203.0.113.1").error().code == "slow_down");
    CHECK(fixture.database.number("SELECT COUNT(*) FROM audit WHERE event = 'user_codes_guessed'") == 1);
    CHECK(fixture.database.number("SELECT COUNT(*) FROM audit WHERE detail LIKE '%" + wrong + "%'") == 0);
    fixture.advance(13);
    CHECK(fixture.devices->enter(begun.user_code, "203.0.113.1"));
}

TEST_CASE("DG-02: what is no code at all guesses at nothing and counts for nothing") {
    DeviceFixture fixture;
    const auto begun = fixture.authorize(Device());
    for (int i = 0; i < 100; ++i)
        CHECK(fixture.devices->enter("AEIO-UAEI", "192.0.2.1").error().kind == ErrorKind::not_found);
    CHECK(fixture.devices->enter(begun.user_code, "192.0.2.1"));
}

TEST_CASE("DG-03, KS-05: neither code stands in the database, and the user code's hash needs the server's key") {
    DeviceFixture fixture;
    const auto begun = fixture.authorize(Device());
    const std::string letters = parse_user_code(begun.user_code).value();
    const auto dump = must(fixture.database.other()->read([](storage::Connection& connection) {
        const auto row = connection.query("SELECT device_code_hash, user_code_hash FROM device_grants").at(0);
        return std::pair(row.text(0), row.text(1));
    }));
    CHECK(dump.first == platform::secret_hash(begun.device_code));
    CHECK(dump.second != platform::secret_hash(letters));
    CHECK(dump.second != platform::secret_hash(begun.user_code));
    CHECK(platform::base64url_decode(dump.second)->size() == 32);
}

TEST_CASE("DG-01: nothing is begun for a malformed request, and what a device claims is made harmless") {
    DeviceFixture fixture;
    DeviceRequest request = DeviceFixture::request(Device());
    request.code_challenge = GENERATE("", "short", "not base64url!");
    CHECK(fixture.devices->authorize(request).error().code == "invalid_request");
    CHECK(fixture.database.number("SELECT COUNT(*) FROM pairings") == 0);
    const Device device;
    request = DeviceFixture::request(device);
    request.device_name = "\x1b]0;x\x07" + std::string(1'000, 'x');
    const auto begun = must(fixture.devices->authorize(request));
    Browser browser;
    const Flow flow = fixture.enter(begun.user_code, browser);
    CHECK(flow.pairing.device_name.size() <= k_longest_device_text + 4);
    CHECK(flow.pairing.device_name.find('\x1b') == std::string::npos);
}

TEST_CASE("a device code is no request_uri, no code, and its flow needs no pre-flight") {
    DeviceFixture fixture;
    const Device device;
    const auto begun = fixture.authorize(device);
    for (const std::string& text :
         {begun.device_code, "urn:ietf:params:oauth:request_uri:" + begun.device_code, std::string()}) {
        CHECK(fixture.pairings.begin(text, "198.51.100.7").error().kind == ErrorKind::not_found);
        CHECK(fixture.sessions.redeem(device.redeem(text)).error().code == "invalid_grant");
    }
    fixture.to_decided(begun.user_code, true);
    CHECK(fixture.sessions.redeem(device.redeem("")).error().code == "invalid_grant");
    CHECK(fixture.told(device, begun.device_code) == "session");
}
