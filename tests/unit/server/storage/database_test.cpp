#include "server/storage/database.h"

#include "tests/support/capture.h"
#include "tests/unit/server/storage/fixture.h"

#include <fstream>
#include <latch>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace keyfob;
using namespace keyfob::server::storage;
using keyfob::tests::TemporaryDirectory;

namespace {

std::unique_ptr<Database> open_database(const std::string& file, std::size_t connections = 2) {
    using server::storage::tests::k_long;
    auto database = Database::open({file, connections, k_long, 6, k_long});
    REQUIRE(database);
    return std::move(database).value();
}

mode_t mode_of(const std::string& file) {
    struct stat status {};
    INFO(file);
    REQUIRE(::stat(file.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

class Umask {
public:
    explicit Umask(mode_t mask) : m_before(::umask(mask)) {}
    Umask(const Umask&) = delete;
    Umask& operator=(const Umask&) = delete;
    ~Umask() { ::umask(m_before); }

private:
    mode_t m_before;
};

int make_table(Database& database) {
    const auto made = database.write([](Connection& connection) {
        return connection.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT");
    });
    REQUIRE(made);
    return *made;
}

std::int64_t count_things(Database& database) {
    const auto count = database.read(
        [](Connection& connection) { return connection.query("SELECT COUNT(*) FROM things").at(0).integer(0); });
    REQUIRE(count);
    return *count;
}

int insert_thing(Connection& connection, const std::string& name) {
    return connection.execute("INSERT INTO things (name) VALUES ($1)", {name});
}

} // namespace

TEST_CASE("KS-07: file, -wal and -shm have mode 0600, whatever the umask") {
    for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0277}}) {
        const TemporaryDirectory directory;
        const Umask umask(mask);
        const auto database = open_database(directory.file("db"));
        make_table(*database);
        CHECK(mode_of(directory.file("db")) == 0600);
        CHECK(mode_of(directory.file("db-wal")) == 0600);
        CHECK(mode_of(directory.file("db-shm")) == 0600);
    }
}

TEST_CASE("KS-07: a file that was open to others is closed to them") {
    const TemporaryDirectory directory;
    std::ofstream(directory.file("db")).close();
    REQUIRE(::chmod(directory.file("db").c_str(), 0644) == 0);
    const auto database = open_database(directory.file("db"));
    CHECK(mode_of(directory.file("db")) == 0600);
}

TEST_CASE("KS-07: every connection has its pragmas") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"), 3);
    const auto checked = database->read([&](Connection& first) {
        const auto nested = database->read([&](Connection& second) {
            for (Connection* connection : {&first, &second}) {
                CHECK(connection->query("PRAGMA journal_mode").at(0).text(0) == "wal");
                CHECK(connection->query("PRAGMA synchronous").at(0).integer(0) == 2);
                CHECK(connection->query("PRAGMA foreign_keys").at(0).integer(0) == 1);
                CHECK(connection->query("PRAGMA secure_delete").at(0).integer(0) == 1);
                CHECK(connection->query("PRAGMA busy_timeout").at(0).integer(0) ==
                      server::storage::tests::k_long.count());
            }
            return true;
        });
        CHECK(nested);
        return true;
    });
    CHECK(checked);
}

TEST_CASE("KS-09: a database that cannot be opened gives an error that names it, and makes nothing") {
    const TemporaryDirectory directory;
    SECTION("no such directory") {
        const auto database = Database::open({directory.file("absent/db")});
        REQUIRE_FALSE(database);
        CHECK(database.error().kind == platform::ErrorKind::unreachable);
        CHECK(database.error().message.find(directory.file("absent/db")) != std::string::npos);
        CHECK(::access(directory.file("absent").c_str(), F_OK) != 0);
    }
    SECTION("a directory in its place") {
        const auto database = Database::open({directory.path()});
        REQUIRE_FALSE(database);
        CHECK(database.error().kind == platform::ErrorKind::unreachable);
    }
    SECTION("a link, which could lead anywhere") {
        REQUIRE(::symlink("elsewhere", directory.file("db").c_str()) == 0);
        const auto database = Database::open({directory.file("db")});
        REQUIRE_FALSE(database);
        CHECK(::access(directory.file("elsewhere").c_str(), F_OK) != 0);
    }
    SECTION("a link to a file that exists") {
        std::ofstream(directory.file("target")).close();
        REQUIRE(::chmod(directory.file("target").c_str(), 0644) == 0);
        REQUIRE(::symlink("target", directory.file("db").c_str()) == 0);
        CHECK_FALSE(Database::open({directory.file("db")}));
        CHECK(mode_of(directory.file("target")) == 0644);
    }
    SECTION("not a database") {
        std::ofstream(directory.file("db")) << std::string(8192, 'x');
        const auto database = Database::open({directory.file("db")});
        REQUIRE_FALSE(database);
        CHECK(database.error().kind == platform::ErrorKind::unreachable);
    }
}

TEST_CASE("a value that is bound stays data, octet for octet") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    make_table(*database);
    const std::string value =
        GENERATE(std::string("'); DROP TABLE things; --"), std::string("\"quoted\" $1 ?1 :name @x"), std::string(),
                 std::string("\xff\xfe\x80 not UTF-8"), std::string("\xF0\x9F\x94\x91 \xE2\x80\xAE"),
                 std::string(100'000, 'x'), std::string("007"), std::string("1e3"), std::string("NULL"));
    const auto read = database->write([&](Connection& connection) {
        CHECK(insert_thing(connection, value) == 1);
        return connection.query("SELECT name FROM things WHERE name = $1", {value}).at(0).text(0);
    });
    REQUIRE(read);
    CHECK(*read == value);
}

TEST_CASE("a text with a NUL octet is refused, because it would come back cut off") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    make_table(*database);
    const std::string value("admin\0x", 7);
    CHECK_FALSE(database->write([&](Connection& connection) { return insert_thing(connection, value); }));
    CHECK(count_things(*database) == 0);
}

TEST_CASE("no row is no value, NULL is an error, a missing column is an error") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    make_table(*database);
    const auto rows = database->read(
        [](Connection& connection) { return connection.query("SELECT name FROM things WHERE id = 1").size(); });
    REQUIRE(rows);
    CHECK(*rows == 0);
    const auto null = database->read(
        [](Connection& connection) { return connection.query("SELECT MAX(id) FROM things").at(0).integer(0); });
    REQUIRE_FALSE(null);
    CHECK(null.error().kind == platform::ErrorKind::unreachable);
    CHECK_FALSE(database->read([](Connection& connection) { return connection.query("SELECT 1").at(0).integer(1); }));
}

TEST_CASE("integers keep 64 bits, also those of expressions") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    make_table(*database);
    const std::int64_t value = GENERATE(std::int64_t{0}, std::int64_t{-1}, INT64_MAX, INT64_MIN, std::int64_t{1} << 33);
    const auto read = database->write([&](Connection& connection) {
        connection.execute("INSERT INTO things (id, name) VALUES ($1, 'x')", {value});
        CHECK(connection.query("SELECT MAX(id) FROM things").at(0).integer(0) == value);
        return connection.query("SELECT id FROM things").at(0).integer(0);
    });
    REQUIRE(read);
    CHECK(*read == value);
}

TEST_CASE("a transaction is all or nothing") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    make_table(*database);
    SECTION("an exception rolls back, and the connection goes on") {
        const auto failed = database->write([](Connection& connection) -> int {
            insert_thing(connection, "half");
            throw std::runtime_error("on purpose");
        });
        REQUIRE_FALSE(failed);
        CHECK(failed.error().kind == platform::ErrorKind::unreachable);
        CHECK(failed.error().message.find("on purpose") == std::string::npos);
        CHECK(count_things(*database) == 0);
        CHECK(database->write([](Connection& connection) { return insert_thing(connection, "whole"); }));
        CHECK(count_things(*database) == 1);
    }
    SECTION("a wrong statement rolls back") {
        CHECK_FALSE(database->write([](Connection& connection) {
            insert_thing(connection, "half");
            return connection.execute("INSERT INTO nowhere VALUES (1)");
        }));
        CHECK(count_things(*database) == 0);
    }
}

TEST_CASE("a connection whose transaction did not end is not lent again") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"), 1);
    make_table(*database);
    REQUIRE(database->read([](Connection& connection) {
        connection.execute("BEGIN IMMEDIATE");
        return insert_thing(connection, "never committed");
    }));
    CHECK(count_things(*database) == 0);
    CHECK(database->write([](Connection& connection) { return insert_thing(connection, "after"); }));
    CHECK(count_things(*database) == 1);
}

TEST_CASE("a transaction that SQLite has rolled back itself is no failed rollback") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"), 1);
    make_table(*database);
    const keyfob::tests::Capture log;
    const platform::UniqueFd kept(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
    REQUIRE(::dup2(log.fd(), STDERR_FILENO) == STDERR_FILENO);
    const auto failed = database->write([](Connection& connection) -> int {
        connection.execute("ROLLBACK"); // as a full disk makes SQLite do
        throw std::runtime_error("the disk is full");
    });
    REQUIRE(::dup2(kept.get(), STDERR_FILENO) == STDERR_FILENO);
    CHECK_FALSE(failed);
    CHECK(log.text().find("the disk is full") != std::string::npos);
    CHECK(log.text().find("rollback_failed") == std::string::npos);
}

TEST_CASE("more threads than connections wait their turn instead of failing") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"), 2);
    make_table(*database);
    constexpr int k_threads = 32;
    std::atomic<int> failures = 0;
    std::latch start(k_threads);
    std::vector<std::thread> threads;
    for (int i = 0; i < k_threads; ++i)
        threads.emplace_back([&, i] {
            start.arrive_and_wait();
            const auto name = std::to_string(i);
            if (!database->write([&](Connection& connection) { return insert_thing(connection, name); }) ||
                !database->read([](Connection& connection) { return connection.query("SELECT 1").size(); }))
                ++failures;
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(failures == 0);
    CHECK(count_things(*database) == k_threads);
}

TEST_CASE("a second way to the file in one process leaves the locks of the first alone") {
    const TemporaryDirectory directory;
    const auto database = open_database(directory.file("db"));
    make_table(*database);
    const auto done = database->write([&](Connection& connection) {
        insert_thing(connection, "held");
        const auto second = Database::open({directory.file("db"), 1, std::chrono::milliseconds{1}});
        REQUIRE(second);
        CHECK_FALSE((*second)->write([](Connection& other) { return insert_thing(other, "intruder"); }));
        return true;
    });
    CHECK(done);
    CHECK(count_things(*database) == 1);
}
