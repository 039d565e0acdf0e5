#pragma once

#include "platform/digest.h"
#include "platform/random.h"
#include "server/storage/database.h"
#include "server/storage/sqlite_store.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

namespace keyfob::server::storage::tests {

using signin::Pairing;
using signin::PairingState;
using signin::Session;

inline constexpr std::int64_t k_now = 1'800'000'000;
inline const signin::AuditNote k_declined{signin::AuditEvent::pairing_declined, "declined"};
inline const signin::AuditNote k_revoked{signin::AuditEvent::session_revoked, "revoked"};
/// Longer than any test: a slow machine must not change an outcome.
inline constexpr std::chrono::milliseconds k_long{120'000};

inline std::unique_ptr<signin::Store> open_store(const StoreOptions& options, platform::Random& random) {
    auto store = open_sqlite_store(options, random);
    if (!store)
        throw std::runtime_error(store.error().message);
    return std::move(store).value();
}

inline Pairing make_pairing(const std::string& name) {
    Pairing pairing;
    pairing.device_key = R"({"kty":"EC"})";
    pairing.device_thumbprint = "thumbprint of " + name;
    pairing.device_name = "laptop of " + name;
    pairing.device_os = "Debian";
    pairing.client_address = "192.0.2.1";
    pairing.code_challenge = "challenge";
    pairing.redirect_uri = "http://127.0.0.1:4711/cb/x";
    pairing.client_state = "state of " + name;
    pairing.created_at = k_now;
    pairing.expires_at = k_now + 600;
    pairing.request_uri_hash = "request uri of " + name;
    pairing.request_uri_expires_at = k_now + 90;
    return pairing;
}

inline Session make_session(const std::string& name, std::int64_t user_id) {
    Session session;
    session.id = "session of " + name;
    session.user_id = user_id;
    session.device_key = R"({"kty":"EC"})";
    session.device_thumbprint = "thumbprint of " + name;
    session.device_name = "laptop of " + name;
    session.device_os = "Debian";
    session.client_address = "192.0.2.1";
    session.challenge = "challenge of " + name;
    session.created_at = k_now;
    session.renewed_at = k_now;
    session.expires_at = k_now + 86'400;
    return session;
}

/// The steps of a sign-in, each of which must succeed.
class Journey {
public:
    Journey(signin::Store& store, std::string name) : m_store(store), m_name(std::move(name)) {}

    Pairing push() {
        const auto added = m_store.add_pairing(make_pairing(m_name));
        REQUIRE(added);
        return make_pairing(m_name);
    }
    Pairing to_proven() {
        push();
        const auto begun =
            m_store.begin_flow("request uri of " + m_name,
                               {"flow of " + m_name, "flow secret of " + m_name, "198.51.100.7", k_now + 30}, k_now);
        REQUIRE(begun);
        REQUIRE(*begun);
        const auto proven = m_store.prove((*begun)->id, k_now);
        REQUIRE(proven);
        REQUIRE(*proven);
        return flow();
    }
    Pairing to_identified() {
        const Pairing pairing = to_proven();
        signin::Identity identity;
        identity.issuer = "https://issuer.example";
        identity.subject = "subject of " + m_name;
        identity.name = m_name;
        identity.email = m_name + "@example.com";
        const auto user = m_store.identify(pairing.id, "company", identity, k_now);
        REQUIRE(user);
        REQUIRE(*user);
        return flow();
    }
    Pairing to_approved() {
        const Pairing pairing = to_identified();
        const auto approved = m_store.approve(pairing.id, "code of " + m_name, k_now + 60, k_now);
        REQUIRE(approved);
        REQUIRE(*approved);
        return flow();
    }
    /// The session; its cookie is "cookie of NAME" and lives until k_now + 600.
    signin::SessionWithUser to_session() {
        const Pairing pairing = to_approved();
        const auto redeemed = m_store.redeem(pairing.id, make_session(m_name, pairing.user_id), "cookie of " + m_name,
                                             k_now + 600, k_now);
        REQUIRE(redeemed);
        REQUIRE(*redeemed);
        const auto session = m_store.find_session("session of " + m_name);
        REQUIRE(session);
        REQUIRE(*session);
        return **session;
    }
    Pairing flow() {
        const auto found = m_store.find_flow("flow of " + m_name);
        REQUIRE(found);
        REQUIRE(*found);
        return **found;
    }

private:
    signin::Store& m_store;
    std::string m_name;
};

/// A store in a directory of its own, and a second way to the same file.
struct Fixture {
    Fixture() : Fixture(StoreOptions{}) {}
    explicit Fixture(StoreOptions wanted) : options(std::move(wanted)) {
        if (options.file.empty())
            options.file = directory.file("keyfob.db");
        if (options.patience == StoreOptions{}.patience)
            options.patience = options.stuck_after = k_long;
        store = open_store(options, random);
    }
    /// Another connection to the file, as another process would have it.
    [[nodiscard]] std::unique_ptr<Database> other() const {
        auto database = Database::open({options.file, 1, k_long});
        if (!database)
            throw std::runtime_error(database.error().message);
        return std::move(database).value();
    }
    [[nodiscard]] std::int64_t number(const std::string& sql) const {
        const auto value =
            other()->read([&](Connection& connection) { return connection.query(sql).at(0).integer(0); });
        REQUIRE(value);
        return *value;
    }
    Journey journey(const std::string& name) { return {*store, name}; }

    keyfob::tests::TemporaryDirectory directory;
    platform::SystemRandom random;
    StoreOptions options;
    std::unique_ptr<signin::Store> store;
};

} // namespace keyfob::server::storage::tests
