#include "server/storage/commit_watch.h"
#include "server/storage/prepared_query.h"
#include "server/storage/session_lookup.h"

#include "tests/unit/server/storage/fixture.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

using namespace keyfob;
using namespace keyfob::server;
using namespace keyfob::server::storage::tests;
using storage::CommitWatch;
using storage::Connection;

namespace {

constexpr std::int64_t k_idle_since = k_now - 1;

bool is_live(Fixture& fixture, const std::string& cookie) {
    const auto found = fixture.store->find_cookie(cookie, k_idle_since, k_now);
    REQUIRE(found);
    return *found != nullptr;
}

void execute(storage::Database& database, const char* sql) {
    REQUIRE(database.write([&](Connection& connection) { return connection.execute(sql); }));
}

} // namespace

TEST_CASE("SE-10: a session that is remembered ends with the commit that ends it, whoever writes it") {
    for (const char* end : {"UPDATE sessions SET revoked_at = 1", "UPDATE users SET disabled = 1",
                            "UPDATE cookies SET expires_at = 1", "UPDATE sessions SET expires_at = 1",
                            "UPDATE sessions SET renewed_at = 1", "DELETE FROM cookies", "DELETE FROM sessions"}) {
        INFO(end);
        Fixture fixture;
        fixture.journey("anna").to_session();
        const auto other = fixture.other(); // as another process has it: its own connections
        for (int i = 0; i < 3; ++i)
            REQUIRE(is_live(fixture, "cookie of anna"));
        execute(*other, end);
        CHECK_FALSE(is_live(fixture, "cookie of anna"));
    }
}

TEST_CASE("SE-10: what is remembered is live for as long as it says itself") {
    Fixture fixture;
    const signin::SessionWithUser anna = fixture.journey("anna").to_session();
    REQUIRE(is_live(fixture, "cookie of anna"));
    const auto at = [&](std::int64_t idle_since, std::int64_t now) {
        return *fixture.store->find_cookie("cookie of anna", idle_since, now) != nullptr;
    };
    CHECK(at(anna.session.renewed_at - 1, k_now));
    CHECK_FALSE(at(anna.session.renewed_at, k_now));
    CHECK_FALSE(at(k_idle_since, anna.session.expires_at));
    CHECK(is_live(fixture, "cookie of anna"));
}

TEST_CASE("a session that nobody has changed is read once") {
    Fixture fixture;
    fixture.journey("anna").to_session();
    const auto first = fixture.store->find_cookie("cookie of anna", k_idle_since, k_now);
    const auto second = fixture.store->find_cookie("cookie of anna", k_idle_since, k_now);
    REQUIRE(first);
    REQUIRE(second);
    CHECK(*first == *second); // the same object
    fixture.journey("bob").push();
    const auto third = fixture.store->find_cookie("cookie of anna", k_idle_since, k_now);
    REQUIRE(third);
    CHECK(*first != *third);
    CHECK((*third)->session.id == (*first)->session.id);
}

TEST_CASE(
    "SE-10: every commit changes what the watch sees, also after the log began anew; reads and rollbacks do not") {
    Fixture fixture;
    const auto database = fixture.other();
    const auto connection = database->open_connection();
    const CommitWatch watch(*connection);
    const auto before = watch.snapshot();
    REQUIRE(before);
    REQUIRE(database->read([](Connection& own) { return own.query("SELECT * FROM users"); }));
    CHECK_FALSE(database->write([](Connection& own) -> int {
        own.execute("INSERT INTO secrets (name, value) VALUES ('never', '')");
        throw std::runtime_error("rolled back");
    }));
    CHECK(watch.snapshot() == before);
    std::set<CommitWatch::Snapshot> seen{*before};
    for (int i = 0; i < 50; ++i) {
        execute(*database, "INSERT INTO heartbeat (id, beat_at) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET beat_at = "
                           "beat_at + 1");
        const auto now = watch.snapshot();
        REQUIRE(now);
        CHECK(seen.insert(*now).second);
        if (i % 10 == 0)
            REQUIRE(database->read([](Connection& own) { return own.query("PRAGMA wal_checkpoint(TRUNCATE)"); }));
    }
}

TEST_CASE("SE-10: no check that begins after a revocation has been written finds the session") {
    Fixture fixture;
    const auto other = fixture.other();
    std::atomic<bool> over = false;
    std::atomic<int> generation = 0; // the sessions up to it are revoked
    std::vector<std::thread> readers;
    std::atomic<int> late = 0;
    constexpr int k_sessions = 40;
    for (int i = 1; i <= k_sessions; ++i)
        fixture.journey(std::to_string(i)).to_session();
    for (int i = 0; i < 3; ++i)
        readers.emplace_back([&] {
            while (!over) {
                const int revoked = generation;
                for (int session = 1; session <= k_sessions; ++session) {
                    const auto found =
                        fixture.store->find_cookie("cookie of " + std::to_string(session), k_idle_since, k_now);
                    if (session <= revoked && (!found || *found != nullptr))
                        ++late;
                }
            }
        });
    for (int i = 1; i <= k_sessions; ++i) {
        execute(*other,
                ("UPDATE sessions SET revoked_at = 1 WHERE id = 'session of " + std::to_string(i) + "'").c_str());
        generation = i;
    }
    over = true;
    for (std::thread& reader : readers)
        reader.join();
    CHECK(late == 0);
    for (int i = 1; i <= k_sessions; ++i)
        CHECK_FALSE(is_live(fixture, "cookie of " + std::to_string(i)));
}

TEST_CASE("a query that is compiled once reads what every other reads") {
    Fixture fixture;
    const auto database = fixture.other();
    const auto connection = database->open_connection();
    storage::PreparedQuery query(*connection, "SELECT $1, $2, length($2)");
    for (const char* text : {"", "x", "ü; DROP TABLE users"}) {
        const auto row = query.first({std::int64_t{1} << 40, std::string(text)});
        REQUIRE(row);
        CHECK(row->integer(0) == std::int64_t{1} << 40);
        CHECK(row->text(1) == text);
    }
    storage::PreparedQuery none(*connection, "SELECT 1 FROM users WHERE name = $1");
    CHECK_FALSE(none.first({std::string("nobody")}));
    CHECK_THROWS(storage::PreparedQuery(*connection, "SELECT nothing FROM nowhere"));
}
