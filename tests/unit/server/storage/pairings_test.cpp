#include "tests/unit/server/storage/fixture.h"

using namespace keyfob::server;
using namespace keyfob::server::storage::tests;
using keyfob::platform::ErrorKind;

namespace {

signin::Identity identity_of(const std::string& subject) {
    signin::Identity identity;
    identity.issuer = "https://issuer.example";
    identity.subject = subject;
    identity.name = "Name of " + subject;
    identity.email = subject + "@example.com";
    return identity;
}

} // namespace

TEST_CASE("a pairing comes back as it was given") {
    Fixture fixture;
    const Pairing given = fixture.journey("anna").push();
    const auto begun =
        fixture.store->begin_flow(given.request_uri_hash, {"flow", "secret", "198.51.100.7", k_now + 30}, k_now);
    REQUIRE(begun);
    REQUIRE(*begun);
    const Pairing& pairing = **begun;
    CHECK(pairing.id > 0);
    CHECK(pairing.state == PairingState::challenged);
    CHECK(pairing.challenge_expires_at == k_now + 30);
    CHECK(pairing.flow_id == "flow");
    CHECK(pairing.flow_secret_hash == "secret");
    CHECK(pairing.browser_address == "198.51.100.7");
    CHECK(pairing.device_key == given.device_key);
    CHECK(pairing.device_thumbprint == given.device_thumbprint);
    CHECK(pairing.device_name == given.device_name);
    CHECK(pairing.device_os == given.device_os);
    CHECK(pairing.client_address == given.client_address);
    CHECK(pairing.code_challenge == given.code_challenge);
    CHECK(pairing.redirect_uri == given.redirect_uri);
    CHECK(pairing.client_state == given.client_state);
    CHECK(pairing.created_at == given.created_at);
    CHECK(pairing.expires_at == given.expires_at);
    CHECK(pairing.request_uri_hash == given.request_uri_hash);
    CHECK(pairing.request_uri_expires_at == given.request_uri_expires_at);
    CHECK(pairing.provider.empty());
    CHECK(pairing.code_hash.empty());
    CHECK(pairing.upstream_state_hash.empty());
    CHECK(pairing.user_id == 0);
    CHECK(pairing.session_id == 0);
    CHECK(pairing.code_expires_at == 0);
    CHECK(pairing.redeemed_at == 0);
}

TEST_CASE("hostile octets in what a device claims stay data") {
    Fixture fixture;
    Pairing pairing = make_pairing("mallory");
    pairing.device_name = GENERATE(std::string("'); DROP TABLE pairings; --"), std::string("\xff\xc0\x80"),
                                   std::string("\x1b]0;title\x07"), std::string());
    pairing.device_os = pairing.device_name;
    REQUIRE(fixture.store->add_pairing(pairing));
    const auto begun =
        fixture.store->begin_flow(pairing.request_uri_hash, {"flow", "secret", "address", k_now + 30}, k_now);
    REQUIRE(begun);
    REQUIRE(*begun);
    CHECK((*begun)->device_name == pairing.device_name);
    CHECK((*begun)->device_os == pairing.device_name);
}

TEST_CASE("a request_uri is good for one flow, within its time") {
    Fixture fixture;
    const std::string hash = fixture.journey("anna").push().request_uri_hash;
    const auto begin = [&](const std::string& uri, const std::string& flow, std::int64_t now) {
        const auto begun = fixture.store->begin_flow(uri, {flow, "secret", "address", now + 30}, now);
        REQUIRE(begun);
        return begun->has_value();
    };
    CHECK_FALSE(begin("unknown", "flow", k_now));
    CHECK_FALSE(begin("", "flow", k_now));
    CHECK_FALSE(begin(hash, "flow", k_now + 90)); // its end
    CHECK(begin(hash, "flow", k_now + 89));
    CHECK_FALSE(begin(hash, "another flow", k_now + 89)); // the second use
}

TEST_CASE("AS-08: a challenge is answered once, within its time, and only that of a flow that has begun") {
    Fixture fixture;
    fixture.journey("anna").push();
    const auto begun =
        fixture.store->begin_flow("request uri of anna", {"flow", "secret", "address", k_now + 30}, k_now);
    REQUIRE(begun);
    const std::int64_t id = begun->value().id;
    const auto prove = [&](std::int64_t pairing_id, std::int64_t now) {
        const auto proven = fixture.store->prove(pairing_id, now);
        REQUIRE(proven);
        return *proven;
    };
    CHECK_FALSE(prove(id, k_now + 30)); // its end
    CHECK_FALSE(prove(id + 1, k_now));
    CHECK(prove(id, k_now + 29));
    CHECK_FALSE(prove(id, k_now + 29));
    fixture.journey("bob").push(); // no browser has come
    const std::int64_t bob = fixture.number("SELECT MAX(id) FROM pairings");
    CHECK_FALSE(prove(bob, k_now));
    CHECK(fixture.number("SELECT COUNT(*) FROM pairings WHERE state = 'created'") == 1);
}

TEST_CASE("a flow is found by its name alone") {
    Fixture fixture;
    fixture.journey("anna").push(); // has no flow yet: its name is empty
    const auto found = [&](const std::string& flow) {
        const auto pairing = fixture.store->find_flow(flow);
        REQUIRE(pairing);
        return pairing->has_value();
    };
    CHECK_FALSE(found(""));
    CHECK_FALSE(found("flow of bob"));
    fixture.journey("bob").to_proven();
    CHECK(found("flow of bob"));
    CHECK_FALSE(found("FLOW OF BOB"));
}

TEST_CASE("an empty code is no code") {
    Fixture fixture;
    fixture.journey("anna").to_identified();
    const auto found = fixture.store->find_code("");
    REQUIRE(found);
    CHECK_FALSE(found->has_value());
}

TEST_CASE("choosing a provider again replaces the choice; only in state proven") {
    Fixture fixture;
    const Pairing pairing = fixture.journey("anna").to_proven();
    const auto choose = [&](const std::string& provider, std::int64_t now) {
        const auto chosen = fixture.store->choose_provider(pairing.id, provider, "state for " + provider, now);
        REQUIRE(chosen);
        return *chosen;
    };
    CHECK(choose("first", k_now));
    CHECK(choose("second", k_now));
    CHECK_FALSE(choose("late", pairing.expires_at));
    CHECK(fixture.journey("anna").flow().provider == "second");
    CHECK(fixture.journey("anna").flow().upstream_state_hash == "state for second");

    REQUIRE(fixture.store->identify(pairing.id, "second", identity_of("anna"), k_now));
    CHECK_FALSE(choose("third", k_now));
}

TEST_CASE("RP-02: an upstream state is consumed once, and never an empty or another one") {
    Fixture fixture;
    const Pairing pairing = fixture.journey("anna").to_proven();
    const auto consume = [&](const std::string& state, std::int64_t now = k_now) {
        const auto consumed = fixture.store->consume_upstream_state(pairing.id, state, now);
        REQUIRE(consumed);
        return *consumed;
    };
    CHECK_FALSE(consume("")); // nothing was chosen yet
    REQUIRE(fixture.store->choose_provider(pairing.id, "company", "state", k_now));
    CHECK_FALSE(consume("another"));
    CHECK_FALSE(consume(""));
    CHECK_FALSE(consume("state", pairing.expires_at));
    CHECK(consume("state"));
    CHECK_FALSE(consume("state"));
    CHECK_FALSE(consume(""));
}

TEST_CASE("RP-12: a user is issuer and subject; name and email follow the provider") {
    Fixture fixture;
    const auto identify = [&](const std::string& journey, const signin::Identity& identity) {
        const Pairing pairing = fixture.journey(journey).to_proven();
        const auto user = fixture.store->identify(pairing.id, "company", identity, k_now);
        REQUIRE(user);
        REQUIRE(*user);
        return **user;
    };
    const signin::User first = identify("one", identity_of("anna"));
    CHECK(first.id > 0);
    CHECK(first.issuer == "https://issuer.example");
    CHECK(first.subject == "anna");
    CHECK(first.created_at == k_now);
    CHECK_FALSE(first.disabled);

    signin::Identity renamed = identity_of("anna");
    renamed.name = "Anna B.";
    renamed.email = "new@example.com";
    const signin::User second = identify("two", renamed);
    CHECK(second.id == first.id);
    CHECK(second.name == "Anna B.");
    CHECK(second.email == "new@example.com");

    signin::Identity elsewhere = identity_of("anna");
    elsewhere.issuer = "https://other.example";
    CHECK(identify("three", elsewhere).id != first.id); // the same subject and email there is somebody else
    CHECK(identify("four", identity_of("Anna")).id != first.id);

    const auto found = fixture.store->find_user(first.id);
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->name == "Anna B.");
    const auto nobody = fixture.store->find_user(4711);
    REQUIRE(nobody);
    CHECK_FALSE(nobody->has_value());
}

TEST_CASE("a pairing is identified once, and only from proven") {
    Fixture fixture;
    const Pairing pairing = fixture.journey("anna").to_proven();
    const auto identify = [&](const std::string& subject, std::int64_t now) {
        const auto user = fixture.store->identify(pairing.id, "company", identity_of(subject), now);
        REQUIRE(user);
        return user->has_value();
    };
    CHECK_FALSE(identify("late", pairing.expires_at));
    CHECK(identify("anna", k_now));
    CHECK_FALSE(identify("mallory", k_now));
    const Pairing after = fixture.journey("anna").flow();
    CHECK(after.state == PairingState::identified);
    const auto user = fixture.store->find_user(after.user_id);
    REQUIRE(user);
    REQUIRE(*user);
    CHECK((*user)->subject == "anna");
}

TEST_CASE("approval comes once, after identification and before expiry") {
    Fixture fixture;
    const auto approve = [&](const Pairing& pairing, const std::string& code, std::int64_t now) {
        const auto approved = fixture.store->approve(pairing.id, code, k_now + 60, now);
        REQUIRE(approved);
        return *approved;
    };
    CHECK_FALSE(approve(fixture.journey("proven").to_proven(), "code 0", k_now));
    const Pairing pairing = fixture.journey("anna").to_identified();
    CHECK_FALSE(approve(pairing, "code 1", pairing.expires_at));
    CHECK(approve(pairing, "code 2", k_now));
    CHECK_FALSE(approve(pairing, "code 3", k_now));
    const auto found = fixture.store->find_code("code 2");
    REQUIRE(found);
    REQUIRE(*found);
    CHECK((*found)->state == PairingState::approved);
    CHECK((*found)->code_expires_at == k_now + 60);
    for (const char* other : {"code 0", "code 1", "code 3"}) {
        const auto none = fixture.store->find_code(other);
        REQUIRE(none);
        CHECK_FALSE(none->has_value());
    }
}

TEST_CASE("what is denied, cancelled or superseded goes no further") {
    Fixture fixture;
    const Pairing pairing = fixture.journey("anna").to_identified();
    SECTION("denied") {
        const auto denied = fixture.store->deny(pairing.id, k_declined, k_now);
        REQUIRE(denied);
        CHECK(*denied);
        CHECK(fixture.journey("anna").flow().state == PairingState::denied);
    }
    SECTION("cancelled") {
        const auto cancelled = fixture.store->cancel_pairings(pairing.device_thumbprint, k_now);
        REQUIRE(cancelled);
        CHECK(*cancelled == 1);
        CHECK(fixture.journey("anna").flow().state == PairingState::cancelled);
    }
    SECTION("superseded") {
        Pairing next = make_pairing("anna");
        next.request_uri_hash = "the next one";
        REQUIRE(fixture.store->add_pairing(next));
        CHECK(fixture.journey("anna").flow().state == PairingState::superseded);
    }
    const auto approved = fixture.store->approve(pairing.id, "code", k_now + 60, k_now);
    REQUIRE(approved);
    CHECK_FALSE(*approved);
    const auto denied = fixture.store->deny(pairing.id, k_declined, k_now);
    REQUIRE(denied);
    CHECK_FALSE(*denied);
}

TEST_CASE("AS-04: what was denied after approval cannot be redeemed") {
    Fixture fixture;
    const Pairing pairing = fixture.journey("anna").to_approved();
    REQUIRE(fixture.store->deny(pairing.id, k_declined, k_now));
    const auto redeemed =
        fixture.store->redeem(pairing.id, make_session("anna", pairing.user_id), "cookie", k_now + 600, k_now);
    REQUIRE(redeemed);
    CHECK_FALSE(*redeemed);
    CHECK(fixture.number("SELECT COUNT(*) FROM sessions") == 0);
}

TEST_CASE("denying an expired or redeemed pairing changes nothing") {
    Fixture fixture;
    const Pairing expired = fixture.journey("anna").to_proven();
    const auto late = fixture.store->deny(expired.id, k_declined, expired.expires_at);
    REQUIRE(late);
    CHECK_FALSE(*late);
    fixture.journey("bob").to_session();
    const auto after = fixture.store->deny(fixture.journey("bob").flow().id, k_declined, k_now);
    REQUIRE(after);
    CHECK_FALSE(*after);
    CHECK(fixture.journey("bob").flow().state == PairingState::redeemed);
}

TEST_CASE("cancelling touches the open pairings of that key alone") {
    Fixture fixture;
    fixture.journey("anna").to_proven();
    fixture.journey("bob").to_proven();
    const auto cancel = [&](const std::string& key, std::int64_t now = k_now) {
        const auto count = fixture.store->cancel_pairings(key, now);
        REQUIRE(count);
        return *count;
    };
    CHECK(cancel("thumbprint of nobody") == 0);
    CHECK(cancel("thumbprint of anna", k_now + 600) == 0); // over by itself
    CHECK(cancel("thumbprint of anna") == 1);
    CHECK(cancel("thumbprint of anna") == 0);
    CHECK(fixture.journey("bob").flow().state == PairingState::proven);
}

TEST_CASE("a new push supersedes the one before, of the same key alone") {
    Fixture fixture;
    fixture.journey("anna").to_proven();
    fixture.journey("bob").to_proven();
    Pairing next = make_pairing("anna");
    next.request_uri_hash = "second request uri";
    REQUIRE(fixture.store->add_pairing(next));
    CHECK(fixture.journey("anna").flow().state == PairingState::superseded);
    CHECK(fixture.journey("bob").flow().state == PairingState::proven);
    const auto begun =
        fixture.store->begin_flow("second request uri", {"flow 2", "secret", "address", k_now + 30}, k_now);
    REQUIRE(begun);
    CHECK(begun->has_value());
}

TEST_CASE("KS-08: the caps on pairings hold, and what is over no longer counts") {
    storage::StoreOptions options;
    options.pairings = 5;
    options.pairings_per_address = 3;
    options.pushes_per_key = 2;
    Fixture fixture(options);
    int serial = 0;
    const auto push = [&](const std::string& key, const std::string& address, std::int64_t now = k_now) {
        Pairing pairing = make_pairing(key);
        pairing.client_address = address;
        pairing.request_uri_hash = "uri " + std::to_string(++serial);
        pairing.created_at = now;
        pairing.expires_at = now + 600;
        pairing.request_uri_expires_at = now + 90;
        const auto added = fixture.store->add_pairing(pairing);
        if (!added) {
            CHECK(added.error().kind == ErrorKind::denied);
            CHECK(fixture.number("SELECT COUNT(*) FROM pairings WHERE request_uri_hash = 'uri " +
                                 std::to_string(serial) + "'") == 0);
        }
        return added.has_value();
    };
    SECTION("per key, superseded ones too; later again") {
        CHECK(push("anna", "a"));
        CHECK(push("anna", "b"));
        CHECK_FALSE(push("anna", "c"));
        CHECK(push("bob", "c"));
        CHECK(push("anna", "c", k_now + 600));
    }
    SECTION("a refused push leaves the one before alone") {
        CHECK(push("anna", "a"));
        CHECK(push("anna", "a"));
        CHECK_FALSE(push("anna", "a"));
        const auto begun = fixture.store->begin_flow("uri 2", {"flow", "secret", "address", k_now + 30}, k_now);
        REQUIRE(begun);
        CHECK(begun->has_value());
    }
    SECTION("per address") {
        CHECK(push("one", "a"));
        CHECK(push("two", "a"));
        CHECK(push("three", "a"));
        CHECK_FALSE(push("four", "a"));
        CHECK(push("four", "b"));
    }
    SECTION("OP-03: per network, however its addresses are written") {
        CHECK(push("one", "2001:db8::1"));
        CHECK(push("two", "2001:db8::2"));
        CHECK(push("three", "2001:db8:0:0:ffff::"));
        CHECK_FALSE(push("four", "2001:db8::3"));
        CHECK(push("five", "2001:db8:0:1::1"));
    }
    SECTION("per address, although each was ended before the next: the rows are there") {
        for (const char* key : {"one", "two", "three"}) {
            CHECK(push(key, "a"));
            const auto cancelled = fixture.store->cancel_pairings(std::string("thumbprint of ") + key, k_now);
            REQUIRE(cancelled);
            CHECK(*cancelled == 1);
        }
        CHECK_FALSE(push("four", "a"));
        CHECK(push("four", "a", k_now + 600));
    }
    SECTION("in all, although each was ended") {
        for (const char* key : {"one", "two", "three", "four", "five"}) {
            CHECK(push(key, key));
            REQUIRE(fixture.store->cancel_pairings(std::string("thumbprint of ") + key, k_now));
        }
        CHECK_FALSE(push("six", "six"));
    }
    SECTION("in all") {
        for (const char* key : {"one", "two", "three", "four", "five"})
            CHECK(push(key, key));
        CHECK_FALSE(push("six", "six"));
        CHECK(push("six", "six", k_now + 600));
    }
}

TEST_CASE("KS-08: the default caps are those of the design") {
    const storage::StoreOptions options;
    CHECK(options.pairings == 50'000);
    CHECK(options.crowded_pairings == 20'000);
    CHECK(options.pairings_per_address == 1'000);
    CHECK(options.pushes_per_key == 5);
    CHECK(options.pairings_without_address == 10'000);
    CHECK(options.proofs == 200'000);
    CHECK(options.crowded_proofs == 100'000);
}
