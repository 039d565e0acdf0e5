#include "server/storage/migrations.h"

#include "tests/unit/server/storage/fixture.h"

#include <filesystem>
#include <thread>

using namespace keyfob::server::storage;
using namespace keyfob::server::storage::tests;
using keyfob::platform::ErrorKind;
using keyfob::tests::TemporaryDirectory;

namespace {

std::unique_ptr<Database> open_database(const std::string& file) {
    auto database = Database::open({file, 2, k_long});
    REQUIRE(database);
    return std::move(database).value();
}

int number_of(Database& database) {
    const auto number = schema_of(database);
    REQUIRE(number);
    return *number;
}

std::vector<std::filesystem::path> backups_of(const TemporaryDirectory& directory) {
    std::vector<std::filesystem::path> found;
    for (const auto& entry :
         std::filesystem::directory_iterator(std::filesystem::path(directory.file("db")).parent_path()))
        if (entry.path().filename().string().find(".schema-") != std::string::npos)
            found.push_back(entry.path());
    return found;
}

void set_schema(Database& database, int version) {
    REQUIRE(database.write([&](Connection& connection) {
        return connection.execute("PRAGMA user_version = " + std::to_string(version));
    }));
}

} // namespace

TEST_CASE("KS-10: an empty file is brought to the newest schema, a second time changes nothing") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    CHECK(number_of(*database) == 0);
    REQUIRE(migrate(*database));
    CHECK(number_of(*database) == newest_schema());
    REQUIRE(database->write([](Connection& connection) {
        return connection.execute("INSERT INTO secrets (name, value) VALUES ('kept', 'x')");
    }));
    REQUIRE(migrate(*database));
    const auto kept = database->read([](Connection& connection) {
        return connection.query("SELECT COUNT(*) FROM secrets WHERE name = 'kept'").at(0).integer(0);
    });
    REQUIRE(kept);
    CHECK(*kept == 1);
}

TEST_CASE("KS-07: every table is STRICT") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    REQUIRE(migrate(*database));
    const auto tables = database->read([](Connection& connection) {
        return connection.query(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    });
    REQUIRE(tables);
    CHECK(tables->size() >= 6);
    for (const Row& table : *tables) {
        INFO(table.text(0));
        CHECK(table.text(1).find("STRICT") != std::string::npos);
    }
}

TEST_CASE("KS-10: a newer schema is refused with both numbers, and left as it is") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    REQUIRE(migrate(*database));
    set_schema(*database, newest_schema() + 1);
    const auto migrated = migrate(*database);
    REQUIRE_FALSE(migrated);
    CHECK(migrated.error().kind == ErrorKind::invalid);
    CHECK(migrated.error().message.find("newer") != std::string::npos);
    CHECK(migrated.error().message.find(std::to_string(newest_schema() + 1)) != std::string::npos);
    CHECK_FALSE(migrated.error().hint.empty());
    CHECK(number_of(*database) == newest_schema() + 1);

    keyfob::platform::SystemRandom random;
    const auto store = open_sqlite_store({directory.file("db")}, random);
    REQUIRE_FALSE(store);
    CHECK(store.error().kind == ErrorKind::invalid);
}

TEST_CASE("KS-10: a number that no version of ours writes is refused") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    set_schema(*database, -1);
    const auto migrated = migrate(*database);
    REQUIRE_FALSE(migrated);
    CHECK(migrated.error().kind == ErrorKind::invalid);
}

TEST_CASE("KS-10: a step that fails leaves nothing of itself") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    // Somebody else's table stands in the way of the last one of the first step.
    REQUIRE(database->write([](Connection& connection) { return connection.execute("CREATE TABLE secrets (x)"); }));
    CHECK_FALSE(migrate(*database));
    CHECK(number_of(*database) == 0);
    const auto tables = database->read([](Connection& connection) {
        return connection.query("SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'users'")
            .at(0)
            .integer(0);
    });
    REQUIRE(tables);
    CHECK(*tables == 0);
}

TEST_CASE("KS-10: servers that start at once migrate once") {
    const TemporaryDirectory directory;
    std::vector<std::unique_ptr<Database>> databases;
    for (int i = 0; i < 8; ++i)
        databases.push_back(open_database(directory.file("db")));
    std::atomic<int> failures = 0;
    std::vector<std::thread> threads;
    for (const auto& database : databases)
        threads.emplace_back([&] { failures += migrate(*database) ? 0 : 1; });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(failures == 0);
    CHECK(number_of(*databases[0]) == newest_schema());
}

TEST_CASE("KS-10: a database of an older version is copied before it is changed, and keeps what it has") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    REQUIRE(migrate(*database, 1));
    REQUIRE(database->write([](Connection& connection) {
        return connection.execute("INSERT INTO users (provider, issuer, subject, name, email, created_at) VALUES "
                                  "('company', 'https://issuer.example', 'anna', 'Anna', '', 1)");
    }));
    CHECK(backups_of(directory).empty()); // nothing was there to be lost
    REQUIRE(migrate(*database));
    CHECK(number_of(*database) == newest_schema());
    const auto backups = backups_of(directory);
    REQUIRE(backups.size() == 1);
    CHECK(backups[0].filename().string().starts_with("db.schema-1-"));
    CHECK(std::filesystem::status(backups[0]).permissions() ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    const auto copy = open_database(backups[0].string());
    CHECK(number_of(*copy) == 1);
    for (Database* one : {database.get(), copy.get()}) {
        const auto count = one->read([](Connection& connection) {
            return connection.query("SELECT COUNT(*) FROM users WHERE subject = 'anna'").at(0).integer(0);
        });
        REQUIRE(count);
        CHECK(*count == 1);
    }
}
