#include "server/signin/session_service.h"

#include "server/signin/session_cookie.h"
#include "tests/unit/server/signin/fixture.h"

#include <atomic>
#include <latch>
#include <set>
#include <thread>

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::signin;
using namespace keyfob::server::signin::tests;

namespace {

/// One device with an approved sign-in.
struct Bench : Fixture {
    Device device;
    Browser browser;
    std::string code = to_approved(device, browser);

    /// Empty, or the code of the error.
    std::string redeem(const RedeemRequest& request) {
        const auto issued = sessions.redeem(request);
        return issued ? "" : issued.error().code;
    }
    std::string redeem() { return redeem(device.redeem(code)); }
    std::int64_t live_sessions() const { return database.number("SELECT COUNT(*) FROM sessions WHERE revoked_at = 0"); }
};

/// A redeem that is genuine but for one thing.
std::vector<RedeemRequest> forgeries(const Device& device, const std::string& code) {
    const RedeemRequest genuine = device.redeem(code);
    std::vector<RedeemRequest> all(6, genuine);
    all[0].code_verifier.clear();              // AS-03: missing
    all[1].code_verifier = random_token();     // another
    all[2].code_verifier = device.challenge(); // as with `plain`
    all[3].code_verifier = genuine.code_verifier + "A";
    all[4].redirect_uri = "http://127.0.0.1:40002" + genuine.redirect_uri.substr(22);
    all[5].device_thumbprint = Device().key.thumbprint();
    return all;
}

} // namespace

TEST_CASE("a code becomes a session with a cookie, a challenge and its limits") {
    Bench bench;
    const IssuedCookie issued = must(bench.sessions.redeem(bench.device.redeem(bench.code)));
    CHECK(bench.is_live(issued));
    CHECK(issued.expires_in == settings().cookie_seconds);
    CHECK(issued.owner.session.expires_at == bench.clock.unix_seconds() + settings().session_absolute_seconds);
    CHECK(issued.owner.session.device_thumbprint == bench.device.key.thumbprint());
    CHECK(issued.owner.user.name == "ann");
    CHECK(bench.live_sessions() == 1);
}

TEST_CASE("SE-01, KS-05: neither cookie nor code stands in the database") {
    Bench bench;
    const IssuedCookie issued = must(bench.sessions.redeem(bench.device.redeem(bench.code)));
    for (const std::string& secret : {std::string(issued.cookie.reveal()), bench.code}) {
        CHECK(bench.database.number("SELECT COUNT(*) FROM cookies WHERE hash = '" + secret + "'") == 0);
        CHECK(bench.database.number("SELECT COUNT(*) FROM pairings WHERE code_hash = '" + secret + "'") == 0);
    }
    CHECK(bench.database.number("SELECT COUNT(*) FROM cookies WHERE hash = '" +
                                platform::secret_hash(issued.cookie.reveal()) + "'") == 1);
}

TEST_CASE("AS-04: an unknown code, or a part of one, is refused and uses nothing up") {
    Bench bench;
    for (const std::string& code : std::vector<std::string>{"", "guess", bench.code.substr(1), bench.code + "A",
                                                            platform::secret_hash(bench.code), random_token()})
        CHECK(bench.redeem(bench.device.redeem(code)) == "invalid_grant");
    CHECK(bench.redeem().empty());
}

TEST_CASE("AS-03, AS-04: a first use with a wrong verifier, redirect URI or key burns the code") {
    for (std::size_t i = 0; i < 6; ++i) {
        Bench bench;
        INFO(i);
        CHECK(bench.redeem(forgeries(bench.device, bench.code)[i]) == "invalid_grant");
        CHECK(bench.redeem() == "invalid_grant");
        CHECK(bench.live_sessions() == 0);
    }
}

TEST_CASE("AS-03: a verifier shorter or longer than RFC 7636 allows is refused, whatever its challenge") {
    for (const std::size_t length : {std::size_t{1}, std::size_t{42}, std::size_t{129}}) {
        Fixture fixture;
        Device device;
        device.verifier = std::string(length, 'v');
        Browser browser;
        const std::string code = fixture.to_approved(device, browser);
        CHECK_FALSE(fixture.sessions.redeem(device.redeem(code)));
    }
    for (const std::size_t length : {std::size_t{43}, std::size_t{128}}) {
        Fixture fixture;
        Device device;
        device.verifier = std::string(length, 'v');
        Browser browser;
        const std::string code = fixture.to_approved(device, browser);
        CHECK(fixture.sessions.redeem(device.redeem(code)));
    }
}

TEST_CASE("AS-04: a code lives sixty seconds") {
    Bench bench;
    bench.advance(60);
    CHECK(bench.redeem() == "invalid_grant");
    CHECK(bench.live_sessions() == 0);
    Bench other;
    other.advance(59);
    CHECK(other.redeem().empty());
}

TEST_CASE("AS-04: the same redeem within a minute gets the same session and a fresh cookie") {
    Bench bench;
    const IssuedCookie first = must(bench.sessions.redeem(bench.device.redeem(bench.code)));
    bench.advance(60);
    const IssuedCookie second = must(bench.sessions.redeem(bench.device.redeem(bench.code)));
    CHECK(second.owner.session.id == first.owner.session.id);
    CHECK(second.cookie.reveal() != first.cookie.reveal());
    CHECK(second.challenge == first.challenge); // whichever answer arrives, it can be renewed
    CHECK(bench.is_live(first));
    CHECK(bench.is_live(second));
    CHECK(bench.database.number("SELECT COUNT(*) FROM sessions") == 1);
    const auto renewal =
        must(bench.sessions.renew(second.owner.session.id, bench.device.proof(second.challenge), k_refresh_url));
    CHECK(renewal.issued);
}

TEST_CASE("AS-04: the same redeem after more than a minute ends the session") {
    Bench bench;
    const IssuedCookie issued = must(bench.sessions.redeem(bench.device.redeem(bench.code)));
    bench.advance(61);
    CHECK(bench.redeem() == "invalid_grant");
    CHECK_FALSE(bench.is_live(issued));
    CHECK(bench.live_sessions() == 0);
}

TEST_CASE("AS-04: a second use by anybody else ends the session that the first made") {
    for (std::size_t i = 0; i < 6; ++i) {
        Bench bench;
        INFO(i);
        const IssuedCookie issued = must(bench.sessions.redeem(bench.device.redeem(bench.code)));
        CHECK(bench.redeem(forgeries(bench.device, bench.code)[i]) == "invalid_grant");
        CHECK_FALSE(bench.is_live(issued));
        CHECK(bench.redeem() == "invalid_grant"); // also for the one whose code it was
    }
}

TEST_CASE("AS-04, S8: a hundred redeems of one code at once make one session, and all get it") {
    Bench bench;
    constexpr int k_threads = 100;
    std::latch start(k_threads);
    std::vector<std::string> ids(k_threads);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < k_threads; ++i)
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            const auto issued = bench.sessions.redeem(bench.device.redeem(bench.code));
            ids[i] = issued ? issued->owner.session.id : issued.error().message;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(std::set(ids.begin(), ids.end()).size() == 1);
    CHECK(bench.database.number("SELECT COUNT(*) FROM sessions WHERE id = '" + ids[0] + "'") == 1);
    CHECK(bench.database.number("SELECT COUNT(*) FROM sessions") == 1);
    CHECK(bench.database.number("SELECT COUNT(*) FROM cookies") == k_threads);
}

TEST_CASE("AS-16: every prefix of a session cookie, and every one that was never issued, is nobody") {
    Fixture fixture;
    const IssuedCookie issued = fixture.to_session(Device());
    const std::string cookie(issued.cookie.reveal());
    const auto is_somebody = [&](const std::string& text) {
        return must(fixture.sessions.authenticate(text)) != nullptr;
    };
    for (std::size_t length = 0; length < cookie.size(); ++length)
        CHECK_FALSE(is_somebody(cookie.substr(0, length)));
    CHECK_FALSE(is_somebody(make_session_cookie(fixture.random)));
    CHECK_FALSE(is_somebody(cookie + "0"));
    CHECK(is_somebody(cookie));
}

TEST_CASE("S19, SE-06: a cookie lives ten minutes, and the session goes on without it") {
    Fixture fixture;
    const Device device;
    const IssuedCookie issued = fixture.to_session(device);
    fixture.advance(599);
    CHECK(fixture.is_live(issued));
    fixture.advance(1);
    CHECK_FALSE(fixture.is_live(issued));
    const Renewal renewal =
        must(fixture.sessions.renew(issued.owner.session.id, device.proof(issued.challenge), k_refresh_url));
    REQUIRE(renewal.issued);
    CHECK(fixture.is_live(*renewal.issued));
}

TEST_CASE("AS-22: a disabled user is refused on every path") {
    Bench bench;
    const Device other;
    const IssuedCookie issued = bench.to_session(other);
    const Device repeating;
    Browser browser;
    const std::string repeated = bench.to_approved(repeating, browser);
    REQUIRE(bench.sessions.redeem(repeating.redeem(repeated)));
    bench.disable_everybody();
    CHECK(bench.redeem() == "invalid_grant");
    CHECK(bench.redeem(repeating.redeem(repeated)) == "invalid_grant");
    CHECK_FALSE(bench.is_live(issued));
    const auto renewal = bench.sessions.renew(issued.owner.session.id, other.proof(issued.challenge), k_refresh_url);
    REQUIRE_FALSE(renewal);
    CHECK(renewal.error().code == "session_ended");
}

TEST_CASE("SE-13, SE-07: a revoked session is over for all its cookies, for renewal and for the code") {
    Bench bench;
    const IssuedCookie first = must(bench.sessions.redeem(bench.device.redeem(bench.code)));
    const IssuedCookie second = must(bench.sessions.redeem(bench.device.redeem(bench.code)));
    const std::string& id = first.owner.session.id;
    CHECK(bench.sessions.revoke(id, bench.device.key.thumbprint()));
    CHECK_FALSE(bench.is_live(first));
    CHECK_FALSE(bench.is_live(second));
    const auto renewal = bench.sessions.renew(id, bench.device.proof(second.challenge), k_refresh_url);
    REQUIRE_FALSE(renewal);
    CHECK(renewal.error().code == "session_ended");
    CHECK(bench.redeem() == "invalid_grant");
    CHECK(bench.sessions.revoke(id, bench.device.key.thumbprint())); // twice is no error
}

TEST_CASE("AS-14: a session is revoked by its own key alone, and an unknown one counts as over") {
    Fixture fixture;
    const IssuedCookie issued = fixture.to_session(Device());
    const auto stranger = fixture.sessions.revoke(issued.owner.session.id, Device().key.thumbprint());
    REQUIRE_FALSE(stranger);
    CHECK(stranger.error().kind == platform::ErrorKind::denied);
    CHECK(fixture.is_live(issued));
    CHECK(fixture.sessions.revoke("unknown", Device().key.thumbprint()));
    CHECK(fixture.sessions.revoke("", Device().key.thumbprint()));
}

TEST_CASE("SE-09: one session that ends leaves the others of the user") {
    Fixture fixture;
    const Device one;
    const Device two;
    const IssuedCookie first = fixture.to_session(one);
    const IssuedCookie second = fixture.to_session(two);
    CHECK(first.owner.user.id == second.owner.user.id);
    CHECK(fixture.sessions.revoke(first.owner.session.id, one.key.thumbprint()));
    CHECK_FALSE(fixture.is_live(first));
    CHECK(fixture.is_live(second));
}
