#include "server/housekeeping.h"

#include "tests/fakes/manual_clock.h"
#include "tests/support/standard_error.h"
#include "tests/unit/server/storage/fixture.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace keyfob;
using namespace keyfob::server;
using storage::tests::k_now;

namespace {

/// What a flood leaves: sign-ins that no browser opened, and their proofs.
struct Flooded : storage::tests::Fixture {
    static constexpr int k_rows = 2'000;

    /// In one transaction: thousands of them would take minutes on a disk.
    void flood() {
        const auto name = "'" + std::to_string(floods++) + " ' || i";
        const auto flooded = other()->write([&](storage::Connection& connection) {
            connection.execute(numbers() + "INSERT INTO proofs (hash, expires_at) SELECT " + name + ", $1 FROM numbers",
                               {clock.unix_seconds() + 660});
            return connection.execute(
                numbers() +
                    "INSERT INTO pairings (state, flow_id, device_key, device_thumbprint, device_name, device_os, "
                    "client_address, address_group, browser_address, code_challenge, redirect_uri, client_state, "
                    "provider, "
                    "user_id, session_row, created_at, expires_at, code_expires_at, redeemed_at, request_uri_hash, "
                    "flow_secret_hash, upstream_state_hash, code_hash, request_uri_expires_at) SELECT 'created', '', "
                    "'key', " +
                    name + ", 'laptop', 'Debian', '192.0.2.1', '192.0.2.1', '', 'challenge', " +
                    "'http://127.0.0.1:4711/cb/x', 'state', '', 0, 0, $1, $2, 0, 0, " + name +
                    ", '', '', '', $2 FROM numbers",
                {clock.unix_seconds(), clock.unix_seconds() + 600});
        });
        REQUIRE(flooded);
        REQUIRE(*flooded == k_rows);
    }
    static std::string numbers() {
        return "WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers WHERE i < " +
               std::to_string(k_rows) + ") ";
    }
    fakes::ManualClock clock{k_now};
    int floods = 0;
};

/// A database as large as wished.
struct File {
    explicit File(std::int64_t limit) : alarm(path, limit) {}
    bool warns_at(std::uintmax_t size, std::uintmax_t wal = 0) {
        std::filesystem::resize_file(path, size);
        std::filesystem::resize_file(path + "-wal", wal);
        keyfob::tests::StandardError log;
        alarm.check();
        return log.text().find("database_large") != std::string::npos;
    }
    static std::string make(const std::string& path) {
        std::ofstream{path};
        std::ofstream{path + "-wal"};
        return path;
    }
    keyfob::tests::TemporaryDirectory directory;
    const std::string path = make(directory.file("keyfob.db"));
    SizeAlarm alarm;
};

} // namespace

TEST_CASE("KS-08: a flood's rows are gone with the first housekeeping after they expired, and not before") {
    Flooded fixture;
    fixture.flood();
    fixture.clock.advance(std::chrono::seconds{599});
    remove_expired(*fixture.store, fixture.clock);
    CHECK(fixture.number("SELECT COUNT(*) FROM pairings") == Flooded::k_rows);
    fixture.clock.advance(std::chrono::seconds{1});
    remove_expired(*fixture.store, fixture.clock);
    CHECK(fixture.number("SELECT COUNT(*) FROM pairings") == 0);
    CHECK(fixture.number("SELECT COUNT(*) FROM proofs") == Flooded::k_rows);
    fixture.clock.advance(std::chrono::seconds{60});
    remove_expired(*fixture.store, fixture.clock);
    CHECK(fixture.number("SELECT COUNT(*) FROM proofs") == 0);
    CHECK(fixture.number("SELECT row_count FROM totals WHERE name = 'proofs'") == 0);
}

TEST_CASE("KS-08: the pages of what was removed are used again: a second flood makes the file no larger") {
    Flooded fixture;
    fixture.flood();
    const std::int64_t pages = fixture.number("PRAGMA page_count");
    fixture.clock.advance(std::chrono::seconds{660});
    remove_expired(*fixture.store, fixture.clock);
    CHECK(fixture.number("PRAGMA freelist_count") > pages / 2);
    fixture.flood();
    CHECK(fixture.number("PRAGMA page_count") <= pages + pages / 20);
}

TEST_CASE("KS-08: what a browser has opened is kept for an hour, what was never opened is not") {
    Flooded fixture;
    fixture.journey("anna").to_approved();
    fixture.journey("bob").push();
    fixture.clock.advance(std::chrono::seconds{600});
    remove_expired(*fixture.store, fixture.clock);
    CHECK(fixture.number("SELECT COUNT(*) FROM pairings") == 1);
    CHECK(fixture.journey("anna").flow().state == signin::PairingState::approved);
    fixture.clock.advance(std::chrono::seconds{3'600});
    remove_expired(*fixture.store, fixture.clock);
    CHECK(fixture.number("SELECT COUNT(*) FROM pairings") == 0);
}

TEST_CASE("KS-08: while much is removed, others get their turn to write") {
    Flooded fixture;
    fixture.flood();
    fixture.clock.advance(std::chrono::seconds{660});
    std::atomic<bool> removing = true;
    std::thread housekeeping([&] {
        remove_expired(*fixture.store, fixture.clock);
        removing = false;
    });
    int written = 0;
    while (removing)
        written += fixture.store->remember_proof("other " + std::to_string(written), k_now + 5'000) ? 1 : 0;
    housekeeping.join();
    CHECK(written > Flooded::k_rows / 100 / 2); // batches of 100 rows a table, and at least one turn for two of them
    CHECK(fixture.number("SELECT COUNT(*) FROM pairings") == 0);
}

TEST_CASE("OP-08: housekeeping ends between two batches when the server stops") {
    Flooded fixture;
    fixture.flood();
    fixture.clock.advance(std::chrono::seconds{660});
    std::stop_source stopping;
    stopping.request_stop();
    remove_expired(*fixture.store, fixture.clock, stopping.get_token());
    CHECK(fixture.number("SELECT COUNT(*) FROM pairings") == Flooded::k_rows);
}

TEST_CASE("KS-08: a large database is told once, and again when it has grown by a quarter") {
    File file(1'000);
    CHECK_FALSE(file.warns_at(1'000));
    CHECK(file.warns_at(900, 101)); // the write-ahead log counts
    CHECK_FALSE(file.warns_at(900, 101));
    CHECK_FALSE(file.warns_at(1'250));
    CHECK(file.warns_at(1'252));
    CHECK_FALSE(file.warns_at(1'000));
    CHECK(file.warns_at(1'001));
}

TEST_CASE("a database that is not there yet is not large") {
    keyfob::tests::StandardError log;
    SizeAlarm("/nowhere/keyfob.db", 1).check();
    CHECK(log.text().empty());
}
