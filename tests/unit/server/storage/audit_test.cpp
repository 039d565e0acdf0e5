#include "platform/log.h"
#include "server/storage/administration.h"
#include "tests/unit/server/storage/fixture.h"

using namespace keyfob::server;
using namespace keyfob::server::storage::tests;
using storage::Administration;
using storage::AuditFilter;

namespace {

struct Audited : Fixture {
    std::vector<signin::AuditRecord> records(const AuditFilter& filter = {}) {
        const auto administration = Administration::open(options.file);
        REQUIRE(administration);
        const auto found = (*administration)->newest(filter, 1000);
        REQUIRE(found);
        return *found;
    }
    std::vector<std::string> events(const AuditFilter& filter = {}) {
        std::vector<std::string> names;
        for (const auto& record : records(filter))
            names.push_back(record.event);
        return names;
    }
};

} // namespace

TEST_CASE("OP-02: each step of a sign-in leaves a record with its request, address, user and session") {
    Audited fixture;
    signin::SessionWithUser anna;
    {
        const keyfob::platform::log::Context context("request-1");
        keyfob::platform::log::set_client_address("192.0.2.7");
        anna = fixture.journey("anna").to_session();
    }
    CHECK(fixture.events() == std::vector<std::string>{"user_identified", "pairing_approved", "session_created"});
    for (const auto& record : fixture.records()) {
        CHECK(record.at == k_now);
        CHECK(record.request_id == "request-1");
        CHECK(record.client_address == "192.0.2.7");
        CHECK(record.user == "https://issuer.example subject of anna");
    }
    CHECK(fixture.records().back().session == signin::session_name(anna.session.id));
    CHECK(fixture.records().back().session.find(anna.session.id) == std::string::npos);
}

TEST_CASE("OP-02: what did not happen leaves no record") {
    Audited fixture;
    const auto anna = fixture.journey("anna").to_session();
    const std::size_t before = fixture.records().size();
    REQUIRE(fixture.store->revoke(anna.session.row, k_revoked, k_now));
    REQUIRE(fixture.store->revoke(anna.session.row, k_revoked, k_now));                 // it was so already
    REQUIRE(fixture.store->deny(fixture.journey("anna").flow().id, k_declined, k_now)); // it is redeemed
    CHECK(fixture.records().size() == before + 1);
    CHECK(fixture.events().back() == "session_revoked");
}

TEST_CASE("OP-02: what anybody can cause is written once a minute for each session") {
    Audited fixture;
    const auto anna = fixture.journey("anna").to_session();
    const auto bob = fixture.journey("bob").to_session();
    const auto failed = [&] { return fixture.events({0, "proof_failed", 0}).size(); };
    for (int i = 0; i < 100; ++i)
        REQUIRE(fixture.store->note_failed_proof(anna.session, k_now + i / 2));
    CHECK(failed() == 1);
    REQUIRE(fixture.store->note_failed_proof(bob.session, k_now));
    REQUIRE(fixture.store->note_failed_proof(anna.session, k_now + 60));
    CHECK(failed() == 3);
}

TEST_CASE("OP-02: records are neither changed nor removed before their time, and housekeeping removes them then") {
    Audited fixture;
    REQUIRE(fixture.store->note({signin::AuditEvent::server_configured, "old"}, 1'000));
    REQUIRE(fixture.store->note({signin::AuditEvent::server_configured, "new"}, k_now));
    for (const char* statement :
         {"UPDATE audit SET detail = ''", "DELETE FROM audit WHERE detail = 'new'",
          "INSERT OR REPLACE INTO audit SELECT id, at, event, request_id, client_address, user_id, user_name, "
          "session_name, 'changed' FROM audit"})
        CHECK_FALSE(
            fixture.other()->write([&](storage::Connection& connection) { return connection.execute(statement); }));
    CHECK(fixture.records().size() == 2);
    REQUIRE(fixture.store->remove_expired(k_now, 100));
    REQUIRE(fixture.records().size() == 1);
    CHECK(fixture.records()[0].detail == "new");
}

TEST_CASE("OP-02: filters take what they say, and an export goes on by pages") {
    Audited fixture;
    const auto anna = fixture.journey("anna").to_session();
    fixture.journey("bob").to_session();
    CHECK(fixture.events({0, "", anna.user.id}).size() == 3);
    CHECK(fixture.events({k_now + 1, "", 0}).empty());
    for (int i = 0; i < 1'200; ++i)
        REQUIRE(fixture.store->note({signin::AuditEvent::server_configured, std::to_string(i)}, k_now));
    const auto administration = Administration::open(fixture.options.file);
    REQUIRE(administration);
    int next = 0;
    REQUIRE((*administration)->each({0, "server_configured", 0}, [&](const signin::AuditRecord& record) {
        CHECK(record.detail == std::to_string(next));
        return ++next < 1'100; // the reader has seen enough
    }));
    CHECK(next == 1'100);
}

TEST_CASE("AS-22, SE-10: a user who is disabled has no session any more, at once") {
    Audited fixture;
    const auto anna = fixture.journey("anna").to_session();
    const auto bob = fixture.journey("bob").to_session();
    const auto administration = Administration::open(fixture.options.file);
    REQUIRE(administration);
    const auto disable = [&](std::int64_t user_id, bool disabled) {
        const auto changed = (*administration)->set_disabled(user_id, disabled, "by a test", k_now);
        REQUIRE(changed);
        return *changed;
    };
    CHECK(disable(anna.user.id, true));
    CHECK_FALSE(disable(anna.user.id, true));
    CHECK_FALSE(disable(4711, true));
    const auto sessions = (*administration)->sessions(0, k_now - 1'000, k_now);
    REQUIRE(sessions);
    REQUIRE(sessions->size() == 1);
    CHECK(sessions->at(0).session.id == bob.session.id);
    CHECK(fixture.number("SELECT COUNT(*) FROM cookies") == 1);
    CHECK(disable(anna.user.id, false));
    CHECK((*administration)->sessions(anna.user.id, k_now - 1'000, k_now)->empty()); // enabling brings nothing back
    CHECK(fixture.events({0, "", anna.user.id}) == std::vector<std::string>{"user_identified", "pairing_approved",
                                                                            "session_created", "user_disabled",
                                                                            "session_revoked", "user_enabled"});
}

TEST_CASE("an operator's command finds no database, or another version's, and says so") {
    Audited fixture;
    const auto missing = Administration::open(fixture.options.file + "-missing");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind == keyfob::platform::ErrorKind::not_found);
    REQUIRE(fixture.other()->write(
        [](storage::Connection& connection) { return connection.execute("PRAGMA user_version = 1"); }));
    const auto old = Administration::open(fixture.options.file);
    REQUIRE_FALSE(old);
    CHECK(old.error().kind == keyfob::platform::ErrorKind::invalid);
}
