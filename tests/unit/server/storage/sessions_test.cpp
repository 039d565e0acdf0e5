#include "tests/unit/server/storage/fixture.h"

using namespace keyfob::server;
using namespace keyfob::server::storage::tests;

namespace {

constexpr std::int64_t k_idle_since = k_now - 1;

bool is_live(Fixture& fixture, const std::string& cookie, std::int64_t idle_since = k_idle_since,
             std::int64_t now = k_now) {
    const auto found = fixture.store->find_cookie(cookie, idle_since, now);
    REQUIRE(found);
    return *found != nullptr;
}

} // namespace

TEST_CASE("AS-04: redeeming makes the session and its cookie, once") {
    Fixture fixture;
    const Pairing pairing = fixture.journey("anna").to_approved();
    const auto redeem = [&](const std::string& session, std::int64_t now) {
        const auto redeemed = fixture.store->redeem(pairing.id, make_session(session, pairing.user_id),
                                                    "cookie of " + session, k_now + 600, now);
        REQUIRE(redeemed);
        return *redeemed;
    };
    CHECK_FALSE(redeem("late", k_now + 60)); // the code's end
    CHECK(fixture.number("SELECT COUNT(*) FROM sessions") == 0);
    CHECK(redeem("first", k_now + 59));
    CHECK_FALSE(redeem("second", k_now + 59));
    CHECK(fixture.number("SELECT COUNT(*) FROM sessions") == 1);
    CHECK(fixture.number("SELECT COUNT(*) FROM cookies") == 1);

    const auto session = fixture.store->find_session("session of first");
    REQUIRE(session);
    REQUIRE(*session);
    const Pairing after = fixture.journey("anna").flow();
    CHECK(after.state == PairingState::redeemed);
    CHECK(after.session_id == (*session)->session.row);
    CHECK(after.redeemed_at == k_now + 59);
    CHECK(is_live(fixture, "cookie of first"));
    CHECK_FALSE(is_live(fixture, "cookie of second"));
}

TEST_CASE("AS-04: nothing but an approved pairing is redeemed") {
    Fixture fixture;
    const Pairing proven = fixture.journey("proven").to_proven();
    const Pairing identified = fixture.journey("identified").to_identified();
    for (const std::int64_t id : {proven.id, identified.id, std::int64_t{4711}}) {
        const auto redeemed =
            fixture.store->redeem(id, make_session("anna", identified.user_id), "cookie", k_now + 600, k_now);
        REQUIRE(redeemed);
        CHECK_FALSE(*redeemed);
    }
    CHECK(fixture.number("SELECT COUNT(*) FROM sessions") == 0);
}

TEST_CASE("AS-22: a user who is disabled while a code is redeemed gets no session that could outlive that") {
    Fixture fixture;
    const Pairing pairing = fixture.journey("anna").to_approved();
    const auto set_disabled = [&](int value) {
        REQUIRE(fixture.other()->write([&](storage::Connection& connection) {
            return connection.execute("UPDATE users SET disabled = $1 WHERE id = $2", {value, pairing.user_id});
        }));
    };
    const auto redeem = [&] {
        const auto redeemed =
            fixture.store->redeem(pairing.id, make_session("anna", pairing.user_id), "cookie", k_now + 600, k_now);
        REQUIRE(redeemed);
        return *redeemed;
    };
    set_disabled(1);
    CHECK_FALSE(redeem());
    CHECK(fixture.number("SELECT COUNT(*) FROM sessions") == 0);
    set_disabled(0);
    CHECK(redeem());
}

TEST_CASE("AS-04: when the session row cannot be written, the code is not spent either") {
    Fixture fixture;
    fixture.journey("anna").to_session();
    const Pairing pairing = fixture.journey("bob").to_approved();
    Session taken = make_session("anna", pairing.user_id); // its id exists
    CHECK_FALSE(fixture.store->redeem(pairing.id, taken, "cookie", k_now + 600, k_now));
    CHECK(fixture.journey("bob").flow().state == PairingState::approved);
    const auto redeemed =
        fixture.store->redeem(pairing.id, make_session("bob", pairing.user_id), "cookie", k_now + 600, k_now);
    REQUIRE(redeemed);
    CHECK(*redeemed);
}

TEST_CASE("a session comes back as it was given, with its user") {
    Fixture fixture;
    const signin::SessionWithUser found = fixture.journey("anna").to_session();
    const Session given = make_session("anna", found.user.id);
    CHECK(found.session.row > 0);
    CHECK(found.session.id == given.id);
    CHECK(found.session.user_id == found.user.id);
    CHECK(found.session.device_key == given.device_key);
    CHECK(found.session.device_thumbprint == given.device_thumbprint);
    CHECK(found.session.device_name == given.device_name);
    CHECK(found.session.device_os == given.device_os);
    CHECK(found.session.client_address == given.client_address);
    CHECK(found.session.challenge == given.challenge);
    CHECK(found.session.created_at == given.created_at);
    CHECK(found.session.renewed_at == given.renewed_at);
    CHECK(found.session.expires_at == given.expires_at);
    CHECK(found.session.revoked_at == 0);
    CHECK(found.user.subject == "subject of anna");
    CHECK(found.user.provider == "company");

    const auto by_row = fixture.store->find_session_by_row(found.session.row);
    REQUIRE(by_row);
    REQUIRE(*by_row);
    CHECK((*by_row)->session.id == given.id);
    const auto by_cookie = fixture.store->find_cookie("cookie of anna", k_idle_since, k_now);
    REQUIRE(by_cookie);
    REQUIRE(*by_cookie);
    CHECK((*by_cookie)->session.id == given.id);
    CHECK((*by_cookie)->user.email == "anna@example.com");
    for (const char* wrong : {"", "session of bob", "SESSION OF ANNA"}) {
        const auto none = fixture.store->find_session(wrong);
        REQUIRE(none);
        CHECK_FALSE(none->has_value());
    }
}

TEST_CASE("SE-13: a cookie stands for a live session only") {
    Fixture fixture;
    const signin::SessionWithUser anna = fixture.journey("anna").to_session();
    REQUIRE(is_live(fixture, "cookie of anna"));
    SECTION("unknown, empty or of another case") {
        CHECK_FALSE(is_live(fixture, "cookie of bob"));
        CHECK_FALSE(is_live(fixture, ""));
        CHECK_FALSE(is_live(fixture, "COOKIE OF ANNA"));
    }
    SECTION("the cookie's own end") {
        CHECK(is_live(fixture, "cookie of anna", k_idle_since, k_now + 599));
        CHECK_FALSE(is_live(fixture, "cookie of anna", k_idle_since, k_now + 600));
    }
    SECTION("the session's absolute end, before that of the cookie") {
        Session session = make_session("short", anna.user.id);
        session.expires_at = k_now + 10;
        const Pairing pairing = fixture.journey("short").to_approved();
        REQUIRE(fixture.store->redeem(pairing.id, session, "short cookie", k_now + 600, k_now));
        CHECK(is_live(fixture, "short cookie", k_idle_since, k_now + 9));
        CHECK_FALSE(is_live(fixture, "short cookie", k_idle_since, k_now + 10));
    }
    SECTION("idle") {
        CHECK_FALSE(is_live(fixture, "cookie of anna", k_now + 1));
    }
    SECTION("revoked") {
        REQUIRE(fixture.store->revoke(anna.session.row, k_revoked, k_now));
        CHECK_FALSE(is_live(fixture, "cookie of anna"));
    }
    SECTION("the user was disabled") {
        REQUIRE(fixture.other()->write([&](storage::Connection& connection) {
            return connection.execute("UPDATE users SET disabled = 1 WHERE id = $1", {anna.user.id});
        }));
        CHECK_FALSE(is_live(fixture, "cookie of anna"));
        const auto session = fixture.store->find_session(anna.session.id);
        REQUIRE(session);
        REQUIRE(*session);
        CHECK((*session)->user.disabled);
    }
}

TEST_CASE("AS-14: a session is revoked once, and stays so") {
    Fixture fixture;
    const signin::SessionWithUser anna = fixture.journey("anna").to_session();
    fixture.journey("bob").to_session();
    const auto revoke = [&](std::int64_t row, std::int64_t now) {
        const auto revoked = fixture.store->revoke(row, k_revoked, now);
        REQUIRE(revoked);
        return *revoked;
    };
    CHECK_FALSE(revoke(4711, k_now));
    CHECK(revoke(anna.session.row, k_now + 1));
    CHECK_FALSE(revoke(anna.session.row, k_now + 2));
    const auto session = fixture.store->find_session(anna.session.id);
    REQUIRE(session);
    REQUIRE(*session);
    CHECK((*session)->session.revoked_at == k_now + 1);
    CHECK(fixture.number("SELECT COUNT(*) FROM cookies WHERE session_row = " + std::to_string(anna.session.row)) == 0);
    CHECK(is_live(fixture, "cookie of bob"));
}

TEST_CASE("a challenge renews once, and only its own session") {
    Fixture fixture;
    const signin::SessionWithUser anna = fixture.journey("anna").to_session();
    fixture.journey("bob").to_session();
    int serial = 0;
    const auto renew = [&](const std::string& challenge, const std::string& next, std::int64_t now) {
        const auto renewed = fixture.store->renew(anna.session.row, challenge, next,
                                                  "renewed cookie " + std::to_string(++serial), now + 600, now);
        REQUIRE(renewed);
        return *renewed;
    };
    CHECK_FALSE(renew("challenge of bob", "next", k_now));
    CHECK_FALSE(renew("", "next", k_now));
    CHECK(renew("challenge of anna", "next", k_now + 500));
    CHECK_FALSE(renew("challenge of anna", "another", k_now + 500));
    CHECK_FALSE(renew("next", "after", anna.session.expires_at));
    CHECK(renew("next", "after", k_now + 501));
    const auto session = fixture.store->find_session(anna.session.id);
    REQUIRE(session);
    REQUIRE(*session);
    CHECK((*session)->session.renewed_at == k_now + 501);
    CHECK((*session)->session.challenge == "after");
    for (const int good : {3, 6})
        CHECK(is_live(fixture, "renewed cookie " + std::to_string(good)));
    for (const int bad : {1, 2, 4, 5})
        CHECK_FALSE(is_live(fixture, "renewed cookie " + std::to_string(bad)));
    CHECK(is_live(fixture, "cookie of anna")); // the one before lives to its end: requests are on the way with it
}

TEST_CASE("a revoked session is neither renewed nor reissued") {
    Fixture fixture;
    const signin::SessionWithUser anna = fixture.journey("anna").to_session();
    REQUIRE(fixture.store->revoke(anna.session.row, k_revoked, k_now));
    keyfob::platform::Result<bool> changed = true;
    SECTION("renew") {
        changed = fixture.store->renew(anna.session.row, "challenge of anna", "next", "new cookie", k_now + 600, k_now);
    }
    SECTION("reissue") {
        changed = fixture.store->reissue(anna.session.row, "new cookie", k_now + 600, k_now);
    }
    REQUIRE(changed);
    CHECK_FALSE(*changed);
    CHECK(fixture.number("SELECT COUNT(*) FROM cookies") == 0);
    CHECK(fixture.number("SELECT COUNT(*) FROM sessions WHERE challenge = 'challenge of anna'") == 1);
}

TEST_CASE("reissuing adds a cookie and leaves the challenge; not after the end") {
    Fixture fixture;
    const signin::SessionWithUser anna = fixture.journey("anna").to_session();
    const auto reissue = [&](const std::string& cookie, std::int64_t now) {
        const auto reissued = fixture.store->reissue(anna.session.row, cookie, now + 600, now);
        REQUIRE(reissued);
        return *reissued;
    };
    CHECK(reissue("second cookie", k_now));
    CHECK_FALSE(reissue("late cookie", anna.session.expires_at));
    CHECK(is_live(fixture, "cookie of anna"));
    CHECK(is_live(fixture, "second cookie"));
    CHECK_FALSE(is_live(fixture, "late cookie"));
    const auto session = fixture.store->find_session(anna.session.id);
    REQUIRE(session);
    REQUIRE(*session);
    CHECK((*session)->session.challenge == "challenge of anna");
}

TEST_CASE("AS-10: a proof's id is taken once, until it is forgotten") {
    Fixture fixture;
    const auto take = [&](const std::string& id) {
        const auto taken = fixture.store->remember_proof(id, k_now + 660);
        REQUIRE(taken);
        return *taken;
    };
    CHECK(take("jti"));
    CHECK_FALSE(take("jti"));
    CHECK(take("JTI"));
    REQUIRE(fixture.store->remove_expired(k_now + 659, 100));
    CHECK_FALSE(take("jti"));
    REQUIRE(fixture.store->remove_expired(k_now + 660, 100));
    CHECK(take("jti"));
}

TEST_CASE("KS-08: no more proofs are remembered than there is room for, and then nothing is proven") {
    storage::StoreOptions options;
    options.proofs = 2;
    Fixture fixture(options);
    CHECK(fixture.store->remember_proof("one", k_now + 660));
    CHECK(fixture.store->remember_proof("two", k_now + 661));
    const auto third = fixture.store->remember_proof("three", k_now + 660);
    REQUIRE_FALSE(third);
    CHECK(third.error().kind == keyfob::platform::ErrorKind::unreachable);
    CHECK(fixture.number("SELECT COUNT(*) FROM proofs") == 2);
    REQUIRE(fixture.store->remove_expired(k_now + 660, 100));
    CHECK(fixture.store->remember_proof("three", k_now + 1320));
}

TEST_CASE("KS-01: a shared secret is made once for all who open the file") {
    Fixture fixture;
    const auto first = fixture.store->shared_secret("dpop-nonce");
    REQUIRE(first);
    CHECK(first->size() == 32);
    const auto again = open_store(fixture.options, fixture.random)->shared_secret("dpop-nonce");
    REQUIRE(again);
    CHECK(*again == *first);
    const auto other = fixture.store->shared_secret("another");
    REQUIRE(other);
    CHECK(*other != *first);
    Fixture elsewhere;
    const auto foreign = elsewhere.store->shared_secret("dpop-nonce");
    REQUIRE(foreign);
    CHECK(*foreign != *first);
}

TEST_CASE("KS-08: what is over is removed in batches, what lives stays") {
    Fixture fixture;
    fixture.journey("anna").to_session();
    for (int i = 0; i < 10; ++i)
        REQUIRE(fixture.store->remember_proof("jti " + std::to_string(i), k_now));
    const auto remove = [&](std::int64_t now, int limit) {
        const auto removed = fixture.store->remove_expired(now, limit);
        REQUIRE(removed);
        return *removed;
    };
    CHECK(remove(k_now - 1, 100) == 0);
    CHECK(remove(k_now, 4) == 4);
    CHECK(remove(k_now, 4) == 4);
    CHECK(remove(k_now, 4) == 2);
    CHECK(remove(k_now, 4) == 0);
    CHECK(is_live(fixture, "cookie of anna"));

    CHECK(remove(k_now + 600, 100) == 1); // the cookie; the pairing is kept: a code used again must be recognised
    CHECK(fixture.journey("anna").flow().state == PairingState::redeemed);
    CHECK(remove(k_now + 601 + 3600, 100) == 1); // the pairing
    const auto session = fixture.store->find_session("session of anna");
    REQUIRE(session);
    CHECK(session->has_value());
    CHECK(remove(k_now + 86'400 + 8 * 86'400, 100) == 1); // the session
    const auto gone = fixture.store->find_session("session of anna");
    REQUIRE(gone);
    CHECK_FALSE(gone->has_value());
}

TEST_CASE("KS-08: a revoked session goes a week later, with what hangs on it") {
    Fixture fixture;
    const signin::SessionWithUser anna = fixture.journey("anna").to_session();
    REQUIRE(fixture.store->revoke(anna.session.row, k_revoked, k_now));
    const auto early = fixture.store->remove_expired(k_now + 100, 100);
    REQUIRE(early);
    CHECK(fixture.number("SELECT COUNT(*) FROM sessions") == 1);
    REQUIRE(fixture.store->remove_expired(k_now + 8 * 86'400, 100));
    CHECK(fixture.number("SELECT COUNT(*) FROM sessions") == 0);
    CHECK(fixture.number("SELECT COUNT(*) FROM users") == 1);
}
