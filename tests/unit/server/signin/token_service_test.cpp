#include "server/signin/token_service.h"

#include "server/signin/opaque_token.h"
#include "server/signin/session_cookie.h"
#include "tests/unit/server/signin/client_fixture.h"

#include <atomic>
#include <latch>
#include <thread>

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::signin;
using namespace keyfob::server::signin::tests;
using platform::ErrorKind;

namespace {

/// One program with an approved sign-in.
struct Bench : ClientFixture {
    Program program;
    std::string code = to_code(program);

    /// Empty, or the code of the error.
    std::string redeem(const CodeGrant& grant, const Client& client = k_program) {
        const auto issued = tokens.redeem(client, grant);
        return issued ? "" : issued.error().code;
    }
    std::string redeem() { return redeem(program.grant(code)); }
};

/// Grants that are genuine but for one thing.
std::vector<CodeGrant> forgeries(const Program& program, const std::string& code) {
    const CodeGrant genuine = program.grant(code);
    std::vector<CodeGrant> all(6, genuine);
    all[0].code_verifier.clear();
    all[1].code_verifier = random_token();
    all[2].code_verifier = program.challenge(); // as with `plain`
    all[3].code_verifier += "A";
    all[4].redirect_uri = "http://127.0.0.1:40003/callback";
    all[5].redirect_uri.clear();
    return all;
}

} // namespace

TEST_CASE("a standard client's code becomes a token for an hour, of a session without key") {
    Bench bench;
    const IssuedToken issued = must(bench.tokens.redeem(k_program, bench.program.grant(bench.code)));
    CHECK(issued.expires_in == 3600);
    const std::string token(issued.token.reveal());
    const auto owner = must(bench.tokens.authenticate(token));
    CHECK(owner->user.name == "ann");
    CHECK(owner->session.client_id == k_program.id);
    CHECK(owner->session.device_name == k_program.name);
    CHECK(owner->session.device_key.empty());
    CHECK(owner->session.challenge.empty());
    CHECK(owner->session.session_class == "client");
    CHECK(owner->session.key_kind == "none");
    CHECK(owner->session.expires_at == bench.clock.unix_seconds() + 3600);
    bench.advance(3599);
    CHECK(bench.is_good(token));
    bench.advance(1);
    CHECK_FALSE(bench.is_good(token));
}

TEST_CASE(
    "SE-06: an access token lives no longer than a session may be idle, so that every list has it while it lives") {
    ClientFixture fixture;
    Settings strict = settings();
    strict.session_idle_seconds = 60;
    TokenService tokens(strict, *fixture.database.store, fixture.clients, fixture.clock, fixture.random);
    SessionService sessions(strict, *fixture.database.store, fixture.clock, fixture.random);
    const Program program;
    const IssuedToken issued = must(tokens.redeem(k_program, program.grant(fixture.to_code(program))));
    CHECK(issued.expires_in == 60);
    const std::string token(issued.token.reveal());
    fixture.advance(59);
    const auto owner = must(tokens.authenticate(token));
    CHECK(must(sessions.list(*owner)).size() == 1);
    fixture.advance(1);
    CHECK_FALSE(must(tokens.authenticate(token)));
    CHECK(must(sessions.list(*owner)).empty());
}

TEST_CASE("AS-16, SE-01: an access token is opaque, 256 bits, checked by its checksum, and not in the database") {
    ClientFixture fixture;
    const std::string token = fixture.to_token();
    CHECK(token.starts_with("kfa_"));
    CHECK(token.size() == 4 + 43 + 8);
    CHECK(fixture.database.number("SELECT COUNT(*) FROM cookies WHERE hash = '" + token + "'") == 0);
    CHECK(fixture.database.number("SELECT COUNT(*) FROM cookies WHERE hash = '" + platform::secret_hash(token) + "'") ==
          1);
    for (std::size_t length = 0; length < token.size(); ++length)
        CHECK_FALSE(fixture.is_good(token.substr(0, length)));
    for (std::size_t i = 0; i < token.size(); ++i) {
        std::string mangled = token;
        mangled[i] = mangled[i] == 'a' ? 'b' : 'a';
        CHECK_FALSE(is_opaque_token(k_access_token_prefix, mangled));
        CHECK_FALSE(fixture.is_good(mangled));
    }
    for (const std::string& other : {token + "a", " " + token, token + " ", "KFA_" + token.substr(4)})
        CHECK_FALSE(fixture.is_good(other));
}

TEST_CASE("AS-16: a token is not taken for a cookie, nor a cookie for a token") {
    ClientFixture fixture;
    const std::string token = fixture.to_token();
    const Device device;
    const std::string cookie(fixture.to_session(device).cookie.reveal());
    CHECK(fixture.is_good(token));
    CHECK_FALSE(fixture.is_good(cookie));
    CHECK(must(fixture.sessions.authenticate(cookie)));
    CHECK_FALSE(must(fixture.sessions.authenticate(token)));
    CHECK_FALSE(is_session_cookie(token));
    CHECK_FALSE(is_opaque_token(k_access_token_prefix, cookie));
}

TEST_CASE("AS-04: an unknown code, or a part of one, gets no token and uses nothing up") {
    Bench bench;
    for (const std::string& code : std::vector<std::string>{"", "guess", bench.code.substr(1), bench.code + "A",
                                                            platform::secret_hash(bench.code), random_token()})
        CHECK(bench.redeem(bench.program.grant(code)) == "invalid_grant");
    CHECK(bench.redeem().empty());
}

TEST_CASE("AS-03, AS-04: a first use with a wrong verifier, redirect URI or client burns the code") {
    for (std::size_t i = 0; i <= 6; ++i) {
        INFO(i);
        Bench bench;
        CHECK((i < 6 ? bench.redeem(forgeries(bench.program, bench.code)[i])
                     : bench.redeem(bench.program.grant(bench.code), k_other_program)) == "invalid_grant");
        CHECK(bench.redeem() == "invalid_grant");
        CHECK(bench.live_sessions() == 0);
    }
}

TEST_CASE("AS-04: every second use ends what the first made, also the same request again") {
    for (std::size_t i = 0; i <= 6; ++i) {
        INFO(i);
        Bench bench;
        const std::string token(must(bench.tokens.redeem(k_program, bench.program.grant(bench.code))).token.reveal());
        CHECK((i < 6 ? bench.redeem(forgeries(bench.program, bench.code)[i]) : bench.redeem()) == "invalid_grant");
        CHECK_FALSE(bench.is_good(token));
        CHECK(bench.live_sessions() == 0);
    }
}

TEST_CASE("AS-04: a standard client's code lives sixty seconds") {
    Bench bench;
    bench.advance(60);
    CHECK(bench.redeem() == "invalid_grant");
    CHECK(bench.live_sessions() == 0);
    Bench other;
    other.advance(59);
    CHECK(other.redeem().empty());
}

TEST_CASE("AS-04: of redeems at once at most one gets a token, and then no session is left of the others") {
    Bench bench;
    constexpr int k_threads = 8;
    std::latch start(k_threads);
    std::atomic<int> issued = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < k_threads; ++i)
        threads.emplace_back([&] {
            start.arrive_and_wait();
            issued += bench.redeem().empty() ? 1 : 0;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(issued == 1);
    CHECK(bench.database.number("SELECT COUNT(*) FROM sessions") == 1);
    CHECK(bench.live_sessions() == 0); // the others were second uses
}

TEST_CASE("zitadel GHSA-xqxv: a code of our agent is worth nothing to a standard client, and the other way round") {
    ClientFixture fixture;
    const Device device;
    Browser browser;
    const std::string agents = fixture.to_approved(device, browser);
    CHECK_FALSE(fixture.tokens.redeem(k_program, {agents, device.verifier, device.redirect_uri}));
    CHECK_FALSE(fixture.sessions.redeem(device.redeem(agents))); // burned

    const Program program;
    const std::string programs = fixture.to_code(program);
    CHECK_FALSE(fixture.sessions.redeem({programs, program.verifier, program.redirect_uri, Device().key.thumbprint()}));
    CHECK_FALSE(fixture.tokens.redeem(k_program, program.grant(programs)));
    CHECK(fixture.live_sessions() == 0);
}

TEST_CASE("SE-11: the session of a standard client is never renewed, by no key and without any") {
    ClientFixture fixture;
    const auto owner = must(fixture.tokens.authenticate(fixture.to_token()));
    for (const std::string& proof : {std::string(), Device().proof(""), Device().proof(random_token())}) {
        const auto renewal = fixture.sessions.renew(owner->session.id, proof, k_refresh_url);
        REQUIRE_FALSE(renewal);
        CHECK(renewal.error().code == "session_ended");
    }
    const auto revoked = fixture.sessions.revoke(owner->session.id, Device().key.thumbprint());
    REQUIRE_FALSE(revoked);
    CHECK(revoked.error().code == "invalid_client");
    CHECK(fixture.live_sessions() == 1);
}

TEST_CASE("AS-22: a disabled user has no token from then on, and gets none") {
    Bench bench;
    const std::string token = bench.to_token();
    bench.disable_everybody();
    CHECK_FALSE(bench.is_good(token));
    CHECK(bench.redeem() == "invalid_grant");
    CHECK(bench.live_sessions() == 1); // the one of the token, which is no good
}

TEST_CASE("a client that is taken out of the configuration takes its tokens with it") {
    ClientFixture fixture;
    const std::string token = fixture.to_token();
    const std::string other = fixture.to_token(k_other_program);
    fixture.clients = Clients({k_other_program});
    CHECK_FALSE(fixture.is_good(token));
    CHECK(fixture.is_good(other));
    fixture.clients = Clients();
    CHECK_FALSE(fixture.is_good(other));
}

TEST_CASE("AS-14: a revoked token is dead at once, and revoking again, or what never was, is no error") {
    ClientFixture fixture;
    const std::string token = fixture.to_token();
    const std::string other = fixture.to_token();
    CHECK(fixture.tokens.revoke(k_program, token));
    CHECK_FALSE(fixture.is_good(token));
    CHECK(fixture.is_good(other));
    for (const std::string& unknown :
         {token, std::string(), std::string("guess"), make_opaque_token(k_access_token_prefix, fixture.random)})
        CHECK(fixture.tokens.revoke(k_program, unknown));
    CHECK(fixture.is_good(other));
}

TEST_CASE("AS-14: another client's token is left alone") {
    ClientFixture fixture;
    const std::string token = fixture.to_token();
    const auto revoked = fixture.tokens.revoke(k_other_program, token);
    REQUIRE_FALSE(revoked);
    CHECK(revoked.error().kind == ErrorKind::denied);
    CHECK(revoked.error().code == "unauthorized_client");
    CHECK(fixture.is_good(token));
}

TEST_CASE("AS-14: a token that is revoked while its user is disabled stays dead when the user is enabled again") {
    ClientFixture fixture;
    const std::string token = fixture.to_token();
    fixture.disable_everybody();
    CHECK(fixture.tokens.revoke(k_program, token));
    must(fixture.database.other()->write(
        [](storage::Connection& connection) { return connection.execute("UPDATE users SET disabled = 0"); }));
    CHECK_FALSE(fixture.is_good(token));
}

TEST_CASE("a cookie that a standard client names is not revoked") {
    ClientFixture fixture;
    const IssuedCookie issued = fixture.to_session(Device());
    CHECK(fixture.tokens.revoke(k_program, std::string(issued.cookie.reveal())));
    CHECK(fixture.tokens.revoke(k_program, issued.owner.session.id));
    CHECK(fixture.is_live(issued));
}
