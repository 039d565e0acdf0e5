#include "tests/support/self_process.h"
#include "tests/unit/server/storage/fixture.h"

#include <csignal>
#include <filesystem>
#include <functional>

#include <sys/resource.h>

using namespace keyfob::server;
using namespace keyfob::server::storage::tests;
using keyfob::platform::ErrorKind;
using keyfob::platform::Result;
using keyfob::tests::SelfProcess;

namespace {

/// Every call of the store that writes, on what `journey("anna").to_session()` and `journey("bob").to_proven()` have left.
std::vector<std::pair<const char*, std::function<ErrorKind(signin::Store&)>>> writing_calls() {
    const auto kind = [](const auto& result) { return result ? ErrorKind::failed : result.error().kind; };
    return {
        {"add_pairing", [=](signin::Store& store) { return kind(store.add_pairing(make_pairing("carl"))); }},
        {"begin_flow",
         [=](signin::Store& store) {
             return kind(store.begin_flow("request uri of bob", {"f", "s", "a", k_now + 30}, k_now));
         }},
        {"choose_provider", [=](signin::Store& store) { return kind(store.choose_provider(1, "p", "s", k_now)); }},
        {"consume_upstream_state",
         [=](signin::Store& store) { return kind(store.consume_upstream_state(1, "s", k_now)); }},
        {"identify", [=](signin::Store& store) { return kind(store.identify(1, "p", {}, k_now)); }},
        {"approve", [=](signin::Store& store) { return kind(store.approve(1, "c", k_now, k_now)); }},
        {"deny", [=](signin::Store& store) { return kind(store.deny(1, k_declined, k_now)); }},
        {"cancel_pairings", [=](signin::Store& store) { return kind(store.cancel_pairings("t", k_now)); }},
        {"redeem",
         [=](signin::Store& store) { return kind(store.redeem(1, make_session("x", 1), "c", k_now, k_now)); }},
        {"reissue", [=](signin::Store& store) { return kind(store.reissue(1, "c", k_now, k_now)); }},
        {"renew", [=](signin::Store& store) { return kind(store.renew(1, "c", "n", "c", k_now, k_now)); }},
        {"revoke", [=](signin::Store& store) { return kind(store.revoke(1, k_revoked, k_now)); }},
        {"remember_proof", [=](signin::Store& store) { return kind(store.remember_proof("p", k_now)); }},
        {"shared_secret", [=](signin::Store& store) { return kind(store.shared_secret("s")); }},
        {"remove_expired", [=](signin::Store& store) { return kind(store.remove_expired(k_now, 10)); }},
        {"probe", [=](signin::Store& store) { return kind(store.probe(k_now)); }},
    };
}

storage::StoreOptions impatient() {
    storage::StoreOptions options;
    options.patience = std::chrono::milliseconds{1};
    return options;
}

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

} // namespace

TEST_CASE("KS-09, AS-14: while somebody holds the write lock every change gives unreachable, reads go on, then all "
          "recovers") {
    Fixture fixture(impatient());
    const signin::SessionWithUser anna = fixture.journey("anna").to_session();
    fixture.journey("bob").push();
    const auto held = fixture.other()->write([&](storage::Connection&) {
        for (const auto& [name, call] : writing_calls()) {
            INFO(name);
            CHECK(call(*fixture.store) == ErrorKind::unreachable);
        }
        const auto found = fixture.store->find_cookie("cookie of anna", k_now - 1, k_now);
        REQUIRE(found);
        CHECK(*found != nullptr);
        return true;
    });
    REQUIRE(held);
    CHECK(fixture.store->probe(k_now + 5));
    const auto revoked = fixture.store->revoke(anna.session.row, k_revoked, k_now);
    REQUIRE(revoked);
    CHECK(*revoked); // it did not happen before, and it does now
}

TEST_CASE("KS-09: when the tables are gone every call gives unreachable, and nothing of it is a default") {
    Fixture fixture(impatient());
    REQUIRE(fixture.other()->write([](storage::Connection& connection) {
        for (const char* table : {"cookies", "sessions", "pairings", "users", "proofs", "secrets", "heartbeat"})
            connection.execute(std::string("DROP TABLE ") + table);
        return true;
    }));
    for (const auto& [name, call] : writing_calls()) {
        INFO(name);
        CHECK(call(*fixture.store) == ErrorKind::unreachable);
    }
    CHECK_FALSE(fixture.store->find_cookie("cookie", k_now - 1, k_now));
    CHECK_FALSE(fixture.store->find_session("session"));
    CHECK_FALSE(fixture.store->find_session_by_row(1));
    CHECK_FALSE(fixture.store->find_flow("flow"));
    CHECK_FALSE(fixture.store->find_code("code"));
    CHECK_FALSE(fixture.store->find_user(1));
}

TEST_CASE("KS-09: a pairing in a state that we do not know is an error, not a guess") {
    Fixture fixture;
    fixture.journey("anna").to_proven();
    REQUIRE(fixture.other()->write(
        [](storage::Connection& connection) { return connection.execute("UPDATE pairings SET state = 'later'"); }));
    CHECK_FALSE(fixture.store->find_flow("flow of anna"));
}

TEST_CASE("storage helper: a disk that is full", "[.]") {
    keyfob::platform::SystemRandom random;
    storage::StoreOptions options;
    options.file = variable("KEYFOB_TEST_DATABASE");
    options.pairings = options.pairings_per_address = 1'000'000;
    const auto store = open_store(options, random);
    Journey(*store, "before").to_session();
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{512 * 1024, RLIM_INFINITY};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &small) == 0);
    ErrorKind kind = ErrorKind::failed;
    for (int i = 0; i < 100'000 && kind == ErrorKind::failed; ++i)
        if (const auto added = store->add_pairing(make_pairing(std::to_string(i))); !added)
            kind = added.error().kind;
    CHECK(kind == ErrorKind::unreachable);
    const auto found = store->find_cookie("cookie of before", k_now - 1, k_now);
    REQUIRE(found);
    CHECK(*found != nullptr);
    const rlimit ample{RLIM_INFINITY, RLIM_INFINITY};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &ample) == 0);
    CHECK(store->probe(k_now));
    Journey(*store, "after").to_session();
    SelfProcess::report("recovered");
}

TEST_CASE("storage helper: a disk without space for one write more", "[.]") {
    keyfob::platform::SystemRandom random;
    storage::StoreOptions options;
    options.file = variable("KEYFOB_TEST_DATABASE");
    const auto store = open_store(options, random);
    REQUIRE(store->probe(k_now));
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit none{static_cast<rlim_t>(std::filesystem::file_size(options.file + "-wal")), RLIM_INFINITY};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &none) == 0);
    CHECK(store->probe(k_now + 4)); // what was seen four seconds ago
    const auto full = store->probe(k_now + 5);
    CHECK_FALSE(full);
    CHECK_FALSE(store->probe(k_now + 9));
    const rlimit ample{RLIM_INFINITY, RLIM_INFINITY};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &ample) == 0);
    CHECK_FALSE(store->probe(k_now + 9));
    CHECK(store->probe(k_now + 10));
    SelfProcess::report("seen");
}

TEST_CASE("OP-07: a probe fails on a full disk, and succeeds when there is space again") {
    const keyfob::tests::TemporaryDirectory directory;
    SelfProcess process("storage helper: a disk without space for one write more",
                        {"KEYFOB_TEST_DATABASE=" + directory.file("db"), "TSAN_OPTIONS=" + variable("TSAN_OPTIONS")});
    CHECK(process.read_line() == "seen");
    CHECK(process.wait() == 0);
}

TEST_CASE("OP-07: whoever asks how often, there is one write in five seconds and one row") {
    Fixture fixture;
    CHECK(fixture.store->probe(k_now));
    const auto beat_at = [&] { return fixture.number("SELECT beat_at FROM heartbeat"); };
    CHECK(fixture.store->probe(k_now + 4));
    CHECK(beat_at() == k_now);
    CHECK(fixture.store->probe(k_now + 5));
    CHECK(beat_at() == k_now + 5);
    CHECK(fixture.store->probe(k_now - 3600)); // the clock was set back
    CHECK(beat_at() == k_now - 3600);
    CHECK(fixture.number("SELECT COUNT(*) FROM heartbeat") == 1);
}

TEST_CASE("KS-09: a full disk gives errors, the process lives, and recovers when there is space again") {
    const keyfob::tests::TemporaryDirectory directory;
    SelfProcess process("storage helper: a disk that is full",
                        {"KEYFOB_TEST_DATABASE=" + directory.file("db"), "TSAN_OPTIONS=" + variable("TSAN_OPTIONS")});
    CHECK(process.read_line() == "recovered");
    CHECK(process.wait() == 0);
}

TEST_CASE("storage helper: writes until it is killed", "[.]") {
    keyfob::platform::SystemRandom random;
    storage::StoreOptions options;
    options.file = variable("KEYFOB_TEST_DATABASE");
    const std::string round = variable("KEYFOB_TEST_ROUND");
    options.pairings = options.pairings_per_address = 1'000'000;
    const auto store = open_store(options, random);
    for (int i = 0;; ++i) {
        const std::string name = round + "." + std::to_string(i);
        Journey(*store, name).to_session();
        if (const auto taken = store->remember_proof(name, k_now + 660); taken && *taken)
            SelfProcess::report(name);
    }
}

TEST_CASE("KS-07: kill -9 in the middle of writes loses nothing that was committed, and leaves nothing half") {
    const keyfob::tests::TemporaryDirectory directory;
    keyfob::platform::SystemRandom random;
    storage::StoreOptions options;
    options.file = directory.file("db");
    options.patience = k_long;
    std::vector<std::string> committed;
    for (int round = 0; round < 8; ++round) {
        SelfProcess process("storage helper: writes until it is killed",
                            {"KEYFOB_TEST_DATABASE=" + options.file, "KEYFOB_TEST_ROUND=" + std::to_string(round)});
        for (int i = 0; i < 3 + 2 * round; ++i) {
            committed.push_back(process.read_line());
            REQUIRE_FALSE(committed.back().empty());
        }
        process.kill();
        REQUIRE(process.wait() == 128 + SIGKILL);
        while (true) { // what it said before it died
            std::string line = process.read_line();
            if (line.empty())
                break;
            committed.push_back(std::move(line));
        }
    }
    const auto store = open_store(options, random);
    for (const std::string& name : committed) {
        INFO(name);
        const auto found = store->find_cookie("cookie of " + name, k_now - 1, k_now);
        REQUIRE(found);
        CHECK(*found != nullptr);
        const auto again = store->remember_proof(name, k_now + 660);
        REQUIRE(again);
        CHECK_FALSE(*again);
    }
    const auto database = storage::Database::open({options.file, 1, k_long});
    REQUIRE(database);
    const auto checked = (*database)->read([](storage::Connection& connection) {
        CHECK(connection.query("PRAGMA integrity_check").at(0).text(0) == "ok");
        CHECK(connection.query("PRAGMA foreign_key_check").empty());
        const auto count = [&](const std::string& sql) { return connection.query(sql).at(0).integer(0); };
        CHECK(count("SELECT COUNT(*) FROM pairings p WHERE p.state = 'redeemed' AND "
                    "NOT EXISTS (SELECT 1 FROM sessions s WHERE s.row = p.session_row)") == 0);
        CHECK(count("SELECT COUNT(*) FROM sessions s WHERE NOT EXISTS "
                    "(SELECT 1 FROM pairings p WHERE p.session_row = s.row AND p.state = 'redeemed')") == 0);
        CHECK(count("SELECT COUNT(*) FROM sessions s WHERE NOT EXISTS "
                    "(SELECT 1 FROM cookies c WHERE c.session_row = s.row)") == 0);
        return true;
    });
    CHECK(checked);
}
