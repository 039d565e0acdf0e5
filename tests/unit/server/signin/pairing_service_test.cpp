#include "server/signin/pairing_service.h"

#include "tests/unit/server/signin/fixture.h"

#include <set>

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::signin;
using namespace keyfob::server::signin::tests;
using platform::ErrorKind;

namespace {

template <typename T> bool is_over(const platform::Result<T>& result) {
    return !result && result.error().kind == ErrorKind::not_found;
}

/// What a push with one thing changed is answered.
std::string push_code(const std::function<void(PushedRequest&)>& change) {
    Fixture fixture;
    PushedRequest request = Device().request();
    change(request);
    const auto pushed = fixture.pairings.push(request);
    return pushed ? "" : pushed.error().code;
}

} // namespace

TEST_CASE("a sign-in goes from the push to a code that comes home with state and iss") {
    Fixture fixture;
    const Device device;
    Browser browser;
    const Flow flow = fixture.to_identified(device, browser);
    const std::string url = must(fixture.decide(flow, browser, true));
    CHECK(url.starts_with(device.redirect_uri + "?"));
    const auto answer = Fixture::parameters_of(url);
    CHECK(answer.all().size() == 3);
    CHECK(answer.get("state") == device.state);
    CHECK(answer.get("iss") == k_issuer); // AS-06
    CHECK(platform::base64url_decode(answer.get("code"))->size() == 32);
    CHECK(fixture.company->completions == 1);
    CHECK(fixture.elsewhere->completions == 0);
}

TEST_CASE("S4: identifiers are made by the server, long, and never twice the same") {
    Fixture fixture;
    std::set<std::string> seen;
    for (int i = 0; i < 20; ++i) {
        Browser browser;
        const std::string uri = fixture.push(Device());
        const Flow flow = fixture.begin(uri, browser).flow;
        seen.insert({uri, flow.pairing.flow_id, flow.secret.cookie_text()});
        CHECK(uri.size() == std::string("urn:ietf:params:oauth:request_uri:").size() + 43);
        CHECK(platform::base64url_decode(flow.pairing.flow_id)->size() == 16);
    }
    CHECK(seen.size() == 60);
}

TEST_CASE("AS-03: only an S256 challenge is pushed") {
    CHECK(push_code([](auto&) {}).empty());
    for (const std::string& challenge :
         std::vector<std::string>{"", "short", std::string(128, 'a'), random_token() + "=", random_token() + "AA",
                                  platform::SystemRandom().token(31), std::string(43, '.')})
        CHECK(push_code([&](auto& request) { request.code_challenge = challenge; }) == "invalid_request");
}

TEST_CASE("a pushed state is base64url of 16 octets or more") {
    for (const std::string& state :
         std::vector<std::string>{"", "guess", platform::SystemRandom().token(15), platform::SystemRandom().token(97),
                                  "<script>aaaaaaaaaaaaaaaa"})
        CHECK(push_code([&](auto& request) { request.client_state = state; }) == "invalid_request");
    CHECK(push_code([](auto& request) { request.client_state = platform::SystemRandom().token(16); }).empty());
}

TEST_CASE("AS-18: a push for another address than the agent's own leaves nothing") {
    Fixture fixture;
    PushedRequest request = Device().request();
    request.redirect_uri = "https://evil.example/cb/" + random_token();
    const auto pushed = fixture.pairings.push(request);
    REQUIRE_FALSE(pushed);
    CHECK(pushed.error().kind == ErrorKind::invalid);
    CHECK(fixture.database.number("SELECT COUNT(*) FROM pairings") == 0);
}

TEST_CASE("WH-03: what a device calls itself is made harmless and short before it is kept") {
    Fixture fixture;
    Device device;
    PushedRequest request = device.request();
    request.device_name = "\x1b[2Jlaptop\xE2\x80\xAE" + std::string(1000, 'x');
    Browser browser;
    const Flow flow = fixture.begin(must(fixture.pairings.push(request)).request_uri, browser).flow;
    CHECK(flow.pairing.device_name.size() < 100);
    CHECK(flow.pairing.device_name.find('\x1b') == std::string::npos);
    CHECK(flow.pairing.device_name.find("\xE2\x80\xAE") == std::string::npos);
}

TEST_CASE("S4: one key pushes five times, and another key still may") {
    Fixture fixture;
    const Device device;
    for (int i = 0; i < 5; ++i)
        fixture.push(device.again());
    const auto sixth = fixture.pairings.push(device.again().request());
    REQUIRE_FALSE(sixth);
    CHECK(sixth.error().kind == ErrorKind::denied);
    CHECK(sixth.error().code == "slow_down");
    CHECK(fixture.pairings.push(Device().request()));
    fixture.advance(settings().pairing_seconds);
    CHECK(fixture.pairings.push(device.again().request()));
}

TEST_CASE("S4: open sign-ins are capped per address and in all") {
    storage::StoreOptions options;
    options.pairings = 4;
    options.pairings_per_address = 2;
    Fixture fixture(anyone(), options);
    const auto push_from = [&](const std::string& address) {
        PushedRequest request = Device().request();
        request.client_address = address;
        const auto pushed = fixture.pairings.push(request);
        return pushed ? "" : pushed.error().code;
    };
    CHECK(push_from("192.0.2.1").empty());
    CHECK(push_from("192.0.2.1").empty());
    CHECK(push_from("192.0.2.1") == "slow_down");
    CHECK(push_from("192.0.2.2").empty());
    CHECK(push_from("192.0.2.3").empty());
    CHECK(push_from("192.0.2.4") == "slow_down");
}

TEST_CASE("S4: a second push cannot reset the first of another key, even with the same values") {
    Fixture fixture;
    const Device device;
    Browser browser;
    const Flow flow = fixture.to_identified(device, browser);
    Device thief;
    thief.verifier = device.verifier;
    thief.state = device.state;
    thief.redirect_uri = device.redirect_uri;
    const std::string other = fixture.push(thief);
    CHECK(fixture.state_of(flow) == PairingState::identified);
    CHECK(must(fixture.pairings.cancel(thief.key.thumbprint())) == 1);
    CHECK(is_over(fixture.pairings.begin(other, "198.51.100.7")));
    CHECK(fixture.decide(flow, browser, true));
}

TEST_CASE("AS-09: a request_uri is good once") {
    Fixture fixture;
    const std::string uri = fixture.push(Device());
    CHECK(fixture.pairings.begin(uri, "198.51.100.7"));
    CHECK(is_over(fixture.pairings.begin(uri, "198.51.100.7")));
}

TEST_CASE("AS-09: a request_uri that was never given out, or a part of one, begins nothing") {
    Fixture fixture;
    const std::string uri = fixture.push(Device());
    for (const std::string& other :
         std::vector<std::string>{"", "urn:ietf:params:oauth:request_uri:", uri.substr(0, uri.size() - 1), uri + "A",
                                  uri.substr(34), "urn:ietf:params:oauth:request_uri:" + random_token(), " " + uri})
        CHECK(is_over(fixture.pairings.begin(other, "198.51.100.7")));
    CHECK(fixture.pairings.begin(uri, "198.51.100.7"));
}

TEST_CASE("AS-09: a request_uri lives ninety seconds") {
    Fixture fixture;
    const Device device;
    CHECK(must(fixture.pairings.push(device.request())).expires_in == 90);
    const std::string last = fixture.push(Device());
    const std::string late = fixture.push(Device());
    fixture.advance(89);
    CHECK(fixture.pairings.begin(last, "198.51.100.7"));
    fixture.advance(1);
    CHECK(is_over(fixture.pairings.begin(late, "198.51.100.7")));
}

TEST_CASE("a reload pushes anew, and only the newest counts") {
    Fixture fixture;
    const Device first;
    const Device second = first.again();
    Browser browser;
    SECTION("before the link was opened") {
        const std::string old = fixture.push(first);
        fixture.to_proven(second, browser);
        CHECK(is_over(fixture.pairings.begin(old, "198.51.100.7")));
    }
    SECTION("after the provider was chosen") {
        const Flow old = fixture.to_proven(first, browser);
        const auto answer = fixture.answer(old, "ann");
        const Flow flow = fixture.to_identified(second, browser);
        CHECK(is_over(fixture.pairings.finish_upstream("company", answer, browser.cookie())));
        CHECK(fixture.company->completions == 1);
        CHECK(fixture.state_of(old) == PairingState::superseded);
        CHECK(fixture.decide(flow, browser, true));
    }
    SECTION("while the confirmation is open") {
        const Flow old = fixture.to_identified(first, browser);
        const Flow flow = fixture.to_identified(second, browser);
        CHECK(is_over(fixture.decide(old, browser, true)));
        CHECK(fixture.decide(flow, browser, true));
    }
    SECTION("after the approval") {
        const std::string code = fixture.to_approved(first, browser);
        const std::string newest = fixture.to_approved(second, browser);
        CHECK_FALSE(fixture.sessions.redeem(first.redeem(code)));
        CHECK(fixture.sessions.redeem(second.redeem(newest)));
    }
}

TEST_CASE("cancelling ends every open sign-in of the key, and of no other") {
    Fixture fixture;
    const Device device;
    Browser browser;
    const Flow mine = fixture.to_identified(device, browser);
    const Flow other = fixture.to_identified(Device(), browser);
    CHECK(must(fixture.pairings.cancel(device.key.thumbprint())) == 1);
    CHECK(must(fixture.pairings.cancel(device.key.thumbprint())) == 0);
    CHECK(is_over(fixture.decide(mine, browser, true)));
    CHECK(fixture.decide(other, browser, true));
}

TEST_CASE("DG-07: declining is final") {
    Fixture fixture;
    const Device device;
    Browser browser;
    const Flow flow = fixture.to_identified(device, browser);
    const auto answer = Fixture::parameters_of(must(fixture.decide(flow, browser, false)));
    CHECK(answer.get("error") == "access_denied");
    CHECK(answer.get("state") == device.state);
    CHECK(answer.get("iss") == k_issuer);
    CHECK(answer.find("code") == nullptr);
    CHECK(is_over(fixture.decide(flow, browser, true)));
    CHECK(is_over(fixture.decide(flow, browser, false)));
    CHECK(is_over(fixture.pairings.confirmation(flow.pairing.flow_id, browser.cookie())));
    CHECK(fixture.state_of(flow) == PairingState::denied);
}

TEST_CASE("an approval is given once, and cannot be taken back into a refusal by the same form") {
    Fixture fixture;
    Browser browser;
    const Flow flow = fixture.to_identified(Device(), browser);
    CHECK(fixture.decide(flow, browser, true));
    CHECK(is_over(fixture.decide(flow, browser, true)));
    CHECK(is_over(fixture.decide(flow, browser, false)));
    CHECK(fixture.state_of(flow) == PairingState::approved);
}

TEST_CASE("SE-15: a decision needs the form's token and this browser's cookie") {
    Fixture fixture;
    Browser browser;
    const Flow flow = fixture.to_identified(Device(), browser);
    const Flow other = fixture.to_identified(Device(), browser);
    const auto decide = [&](const std::string& token, const Browser& from) {
        return fixture.pairings.decide(flow.pairing.flow_id, from.cookie(), token, true);
    };
    for (const std::string& token :
         std::vector<std::string>{"", "guess", other.secret.csrf_token(), flow.secret.csrf_token().substr(1)}) {
        const auto refused = decide(token, browser);
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind == ErrorKind::denied);
    }
    CHECK(is_over(decide(flow.secret.csrf_token(), Browser())));
    CHECK(fixture.state_of(flow) == PairingState::identified);
    CHECK(decide(flow.secret.csrf_token(), browser));
}

TEST_CASE("nothing can be decided before the provider has answered") {
    Fixture fixture;
    Browser browser;
    const Flow flow = fixture.to_proven(Device(), browser);
    CHECK(is_over(fixture.decide(flow, browser, true)));
    must(fixture.pairings.provider_url(flow, "company"));
    CHECK(is_over(fixture.decide(flow, browser, true)));
    CHECK(is_over(fixture.decide(flow, browser, false)));
    CHECK(fixture.state_of(flow) == PairingState::proven);
}

TEST_CASE("a sign-in that took more than ten minutes is over at every step") {
    Fixture fixture;
    const Device device;
    Browser browser;
    SECTION("before a provider was chosen") {
        const Flow flow = fixture.to_proven(device, browser);
        fixture.advance(600);
        CHECK(is_over(fixture.pairings.find(flow.pairing.flow_id, browser.cookie())));
        CHECK(is_over(fixture.pairings.provider_url(flow, "company")));
    }
    SECTION("at the provider") {
        const auto answer = fixture.answer(fixture.to_proven(device, browser), "ann");
        fixture.advance(600);
        CHECK(is_over(fixture.pairings.finish_upstream("company", answer, browser.cookie())));
        CHECK(fixture.company->completions == 0);
    }
    SECTION("at the confirmation") {
        const Flow flow = fixture.to_identified(device, browser);
        fixture.advance(599);
        CHECK(fixture.pairings.confirmation(flow.pairing.flow_id, browser.cookie()));
        fixture.advance(1);
        CHECK(is_over(fixture.pairings.confirmation(flow.pairing.flow_id, browser.cookie())));
        CHECK(is_over(fixture.decide(flow, browser, true)));
    }
}
