#include "server/storage/sqlite_store.h"

#include "platform/address_group.h"
#include "platform/digest.h"
#include "platform/encoding.h"
#include "server/storage/audit_trail.h"
#include "server/storage/database.h"
#include "server/storage/device_grants.h"
#include "server/storage/heartbeat.h"
#include "server/storage/migrations.h"
#include "server/storage/rows.h"
#include "server/storage/session_lookup.h"
#include "server/storage/upstream_logout.h"

#include <algorithm>
#include <atomic>

namespace keyfob::server::storage {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using signin::AuditEvent;
using signin::AuditNote;
using signin::AuditRecord;
using signin::Pairing;
using signin::Session;
using signin::SessionWithUser;
using signin::User;

constexpr std::size_t k_secret_octets = 32;
constexpr int k_no_room = -1;
/// What is over is kept for a while: a code that is used again must be recognised, and an operator may ask. What no browser has ever opened
/// had no code, and most of a flood is of that kind.
constexpr std::int64_t k_keep_pairings = 3600;
constexpr std::int64_t k_keep_sessions = std::int64_t{7} * 24 * 3600;

std::string sql(std::initializer_list<std::string_view> parts) {
    std::string text;
    for (const std::string_view part : parts)
        text += part;
    return text;
}

/// By a column that is empty until its step, and whose index leaves the empty ones out: only a condition that says so can use it.
std::optional<Pairing> one_pairing(Connection& connection, const char* column, const Value& value) {
    const auto rows = connection.query(
        sql({"SELECT ", k_pairing_columns, " FROM pairings WHERE ", column, " = $1 AND ", column, " <> ''"}), {value});
    return rows.empty() ? std::nullopt : std::optional(pairing_of(rows[0]));
}

std::optional<SessionWithUser> one_session(Connection& connection, const char* column, const Value& value) {
    auto rows = connection.query(sql({"SELECT ", k_session_columns,
                                      " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.", column, " = $1"}),
                                 {value});
    return rows.empty() ? std::nullopt : std::optional(session_of(rows[0]));
}

/// Marks what is not as usual.
std::string describe(const Session& session) {
    return session.device_name + (session.session_class == "standard" ? "" : ", class " + session.session_class);
}

void add_cookie(Connection& connection, std::int64_t session_row, const std::string& hash, std::int64_t expires_at) {
    connection.execute("INSERT INTO cookies (hash, session_row, expires_at) VALUES ($1, $2, $3)",
                       {hash, session_row, expires_at});
}

class SqliteStore final : public signin::Store {
public:
    SqliteStore(StoreOptions options, std::unique_ptr<Database> database, std::unique_ptr<SessionLookup> lookup,
                platform::Random& random)
        : m_options(std::move(options)), m_database(std::move(database)), m_lookup(std::move(lookup)),
          m_random(random) {}

    Result<void> add_pairing(const Pairing& pairing) override {
        KEYFOB_TRY_ASSIGN(const std::string refusal, m_database->write([&](Connection& connection) -> std::string {
            if (std::string reason = over_the_limits(connection, pairing); !reason.empty())
                return reason;
            if (!pairing.device_thumbprint.empty())
                connection.execute(sql({"UPDATE pairings SET state = 'superseded' WHERE device_thumbprint = $1 AND ",
                                        k_pairing_is_open}),
                                   {pairing.device_thumbprint});
            insert_pairing(connection, pairing);
            return {};
        }));
        if (!refusal.empty())
            return Error{ErrorKind::denied, refusal, "try again in some minutes"};
        return {};
    }

    Result<std::optional<Pairing>> begin_flow(const std::string& request_uri_hash,
                                              const signin::FlowBeginning& beginning, std::int64_t now) override {
        return m_database->write([&](Connection& connection) -> std::optional<Pairing> {
            const int changed = connection.execute(
                "UPDATE pairings SET state = CASE client_id WHEN '' THEN 'challenged' ELSE 'proven' END, flow_id = $1, "
                "flow_secret_hash = $2, browser_address = $3, challenge_expires_at = $4 WHERE request_uri_hash = $5 "
                "AND "
                "client_id = $6 AND state = 'created' AND request_uri_expires_at > $7 AND expires_at > $7",
                {beginning.flow_id, beginning.flow_secret_hash, beginning.browser_address,
                 beginning.challenge_expires_at, request_uri_hash, beginning.client_id, now});
            return changed == 1 ? one_pairing(connection, "flow_id", beginning.flow_id) : std::nullopt;
        });
    }

    Result<bool> prove(std::int64_t pairing_id, std::int64_t now) override {
        return change("UPDATE pairings SET state = 'proven' WHERE id = $1 AND state = 'challenged' AND "
                      "challenge_expires_at > $2 AND expires_at > $2",
                      {pairing_id, now});
    }

    Result<std::optional<Pairing>> find_flow(const std::string& flow_id) override {
        return m_database->read([&](Connection& connection) { return one_pairing(connection, "flow_id", flow_id); });
    }

    Result<bool> choose_provider(std::int64_t pairing_id, const std::string& provider,
                                 const std::string& upstream_state_hash, std::int64_t now) override {
        return change(
            "UPDATE pairings SET provider = $1, upstream_state_hash = $2 WHERE id = $3 AND state = 'proven' AND "
            "expires_at > $4",
            {provider, upstream_state_hash, pairing_id, now});
    }

    Result<bool> consume_upstream_state(std::int64_t pairing_id, const std::string& upstream_state_hash,
                                        std::int64_t now) override {
        return change("UPDATE pairings SET upstream_state_hash = '' WHERE id = $1 AND upstream_state_hash = $2 AND "
                      "upstream_state_hash <> '' AND state = 'proven' AND expires_at > $3",
                      {pairing_id, upstream_state_hash, now});
    }

    Result<std::optional<User>> identify(std::int64_t pairing_id, const std::string& provider,
                                         const signin::Identity& identity, std::int64_t now) override {
        return audited(
            *m_database, [&](Connection& connection, std::optional<AuditRecord>& record) -> std::optional<User> {
                connection.execute(
                    "INSERT INTO users (provider, issuer, subject, name, email, created_at) VALUES ($1, $2, $3, $4, "
                    "$5, "
                    "$6) "
                    "ON CONFLICT (issuer, subject) DO UPDATE SET provider = excluded.provider, name = excluded.name, "
                    "email = excluded.email",
                    {provider, identity.issuer, identity.subject, identity.name, identity.email, now});
                const User user = user_of(
                    connection
                        .query(sql({"SELECT ", k_user_columns, " FROM users u WHERE u.issuer = $1 AND u.subject = $2"}),
                               {identity.issuer, identity.subject})
                        .at(0));
                const int changed =
                    connection.execute("UPDATE pairings SET state = 'identified', user_id = $1, upstream_session = $2 "
                                       "WHERE id = $3 AND state = 'proven' AND expires_at > $4",
                                       {user.id, identity.session_id, pairing_id, now});
                if (changed != 1)
                    return std::nullopt;
                record = add_audit(connection, {AuditEvent::user_identified, provider}, {user.id}, now);
                return user;
            });
    }

    Result<std::optional<User>> find_user(std::int64_t user_id) override {
        return m_database->read([&](Connection& connection) -> std::optional<User> {
            auto rows = connection.query(sql({"SELECT ", k_user_columns, " FROM users u WHERE u.id = $1"}), {user_id});
            return rows.empty() ? std::nullopt : std::optional(user_of(rows[0]));
        });
    }

    Result<bool> approve(std::int64_t pairing_id, const std::string& code_hash, std::int64_t code_expires_at,
                         std::int64_t now) override {
        return change_pairing(
            "UPDATE pairings SET state = 'approved', code_hash = $1, code_expires_at = $2 WHERE id = $3 AND "
            "state = 'identified' AND expires_at > $4",
            {code_hash, code_expires_at, pairing_id, now}, pairing_id, {AuditEvent::pairing_approved, ""}, now);
    }

    Result<bool> deny(std::int64_t pairing_id, const AuditNote& why, std::int64_t now) override {
        return change_pairing(
            sql({"UPDATE pairings SET state = 'denied' WHERE id = $1 AND expires_at > $2 AND ", k_pairing_is_open}),
            {pairing_id, now}, pairing_id, why, now);
    }

    Result<int> cancel_pairings(const std::string& device_thumbprint, std::int64_t now) override {
        return m_database->write([&](Connection& connection) {
            return connection.execute(
                sql({"UPDATE pairings SET state = 'cancelled' WHERE device_thumbprint = $1 AND expires_at > $2 AND ",
                     k_pairing_is_open}),
                {device_thumbprint, now});
        });
    }

    Result<std::optional<Pairing>> find_code(const std::string& code_hash) override {
        return m_database->read(
            [&](Connection& connection) { return one_pairing(connection, "code_hash", code_hash); });
    }

    Result<bool> redeem(std::int64_t pairing_id, const Session& session, const std::string& cookie_hash,
                        std::int64_t cookie_expires_at, std::int64_t now) override {
        return audited(*m_database, [&](Connection& connection, std::optional<AuditRecord>& record) {
            const int changed =
                connection.execute("UPDATE pairings SET state = 'redeemed', redeemed_at = $1 WHERE id = $2 AND "
                                   "state = 'approved' AND code_expires_at > $1 AND "
                                   "EXISTS (SELECT 1 FROM users u WHERE u.id = pairings.user_id AND u.disabled = 0)",
                                   {now, pairing_id});
            if (changed != 1)
                return false;
            const std::int64_t row = insert_session(connection, session);
            add_cookie(connection, row, cookie_hash, cookie_expires_at);
            connection.execute("UPDATE pairings SET session_row = $1 WHERE id = $2", {row, pairing_id});
            connection.execute("UPDATE sessions SET upstream_session = (SELECT upstream_session FROM pairings WHERE id "
                               "= $1) WHERE row = $2",
                               {pairing_id, row});
            record = add_audit(connection, {AuditEvent::session_created, describe(session)},
                               {session.user_id, session.id}, now);
            return true;
        });
    }

    Result<bool> reissue(std::int64_t session_row, const std::string& cookie_hash, std::int64_t cookie_expires_at,
                         std::int64_t now) override {
        return audited(*m_database, [&](Connection& connection, std::optional<AuditRecord>& record) {
            const int changed =
                connection.execute("INSERT INTO cookies (hash, session_row, expires_at) SELECT $1, row, $2 FROM "
                                   "sessions WHERE row = $3 AND revoked_at = 0 AND expires_at > $4",
                                   {cookie_hash, cookie_expires_at, session_row, now});
            if (changed == 1)
                record = add_audit_sparingly(connection, {AuditEvent::session_reissued, ""},
                                             subject_of(connection, session_row), now);
            return changed == 1;
        });
    }

    Result<std::optional<SessionWithUser>> find_session(const std::string& session_id) override {
        return m_database->read([&](Connection& connection) { return one_session(connection, "id", session_id); });
    }

    Result<std::optional<SessionWithUser>> find_session_by_row(std::int64_t session_row) override {
        return m_database->read([&](Connection& connection) { return one_session(connection, "row", session_row); });
    }

    Result<signin::SessionPtr> find_cookie(const std::string& cookie_hash, std::int64_t idle_since,
                                           std::int64_t now) override {
        return m_lookup->find(cookie_hash, idle_since, now);
    }

    Result<std::optional<SessionWithUser>> find_cookie_owner(const std::string& cookie_hash) override {
        return m_database->read([&](Connection& connection) -> std::optional<SessionWithUser> {
            auto rows =
                connection.query(sql({"SELECT ", k_session_columns,
                                      " FROM cookies c JOIN sessions s ON s.row = c.session_row JOIN users u ON "
                                      "u.id = s.user_id WHERE c.hash = $1"}),
                                 {cookie_hash});
            return rows.empty() ? std::nullopt : std::optional(session_of(rows[0]));
        });
    }

    Result<bool> renew(std::int64_t session_row, const std::string& challenge, const std::string& next_challenge,
                       const std::string& cookie_hash, std::int64_t cookie_expires_at, std::int64_t now) override {
        return m_database->write([&](Connection& connection) {
            const int changed =
                connection.execute("UPDATE sessions SET challenge = $1, renewed_at = $2 WHERE row = $3 AND "
                                   "challenge = $4 AND revoked_at = 0 AND expires_at > $2",
                                   {next_challenge, now, session_row, challenge});
            if (changed == 1)
                add_cookie(connection, session_row, cookie_hash, cookie_expires_at);
            return changed == 1;
        });
    }

    Result<bool> revoke(std::int64_t session_row, const AuditNote& why, std::int64_t now) override {
        return audited(*m_database, [&](Connection& connection, std::optional<AuditRecord>& record) {
            const int changed = connection.execute(
                "UPDATE sessions SET revoked_at = $1 WHERE row = $2 AND revoked_at = 0", {now, session_row});
            connection.execute("DELETE FROM cookies WHERE session_row = $1", {session_row});
            if (changed == 1)
                record = add_audit(connection, why, subject_of(connection, session_row), now);
            return changed == 1;
        });
    }

    Result<int> end_upstream(const signin::LogoutNotice& notice, const std::string& token_hash,
                             std::int64_t now) override {
        const auto records = m_database->write(
            [&](Connection& connection) { return storage::end_upstream(connection, notice, token_hash, now); });
        if (!records)
            return records.error();
        std::for_each(records->begin(), records->end(), log_audit);
        return static_cast<int>(records->size());
    }

    Result<std::vector<Session>> sessions_of(std::int64_t user_id, std::int64_t idle_since, std::int64_t now) override {
        return m_database->read([&](Connection& connection) {
            std::vector<Session> sessions;
            for (Row& row :
                 connection.query(sql({"SELECT ", k_session_columns,
                                       " FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.user_id = $1 AND "
                                       "s.revoked_at = 0 AND s.expires_at > $2 AND s.renewed_at > $3 ORDER BY s.row "
                                       "DESC LIMIT 1000"}),
                                  {user_id, now, idle_since}))
                sessions.push_back(session_of(row).session);
            return sessions;
        });
    }

    Result<void> note_failed_proof(const Session& session, std::int64_t now) override {
        KEYFOB_TRY(audited(*m_database, [&](Connection& connection, std::optional<AuditRecord>& record) {
            record =
                add_audit_sparingly(connection, {AuditEvent::proof_failed, ""}, {session.user_id, session.id}, now);
            return true;
        }));
        return {};
    }

    Result<void> note(const AuditNote& note, std::int64_t now) override {
        KEYFOB_TRY(audited(*m_database, [&](Connection& connection, std::optional<AuditRecord>& record) {
            record = add_audit(connection, note, {}, now);
            return true;
        }));
        return {};
    }

    signin::DeviceGrantStore& device_grants() override { return m_device_grants; }

    Result<bool> remember_proof(const std::string& id_hash, std::int64_t expires_at) override {
        KEYFOB_TRY_ASSIGN(const int added, m_database->write([&](Connection& connection) {
            const std::int64_t kept =
                connection.query("SELECT row_count FROM totals WHERE name = 'proofs'").at(0).integer(0);
            m_crowded_proofs = kept >= m_options.crowded_proofs;
            if (kept >= m_options.proofs)
                return k_no_room;
            return connection.execute(
                "INSERT INTO proofs (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
                {id_hash, expires_at});
        }));
        if (added != k_no_room)
            return added == 1;
        platform::log::warning("too_many_proofs");
        return Error{ErrorKind::unreachable, "too many proofs are remembered"};
    }

    bool is_crowded() const override { return m_crowded_proofs || m_crowded_pairings; }

    Result<std::string> shared_secret(const std::string& name) override {
        const std::string made = platform::base64url_encode(m_random.bytes(k_secret_octets));
        KEYFOB_TRY_ASSIGN(const std::string text, m_database->write([&](Connection& connection) {
            connection.execute("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
                               {name, made});
            return connection.query("SELECT value FROM secrets WHERE name = $1", {name}).at(0).text(0);
        }));
        const auto octets = platform::base64url_decode(text);
        if (!octets || octets->size() != k_secret_octets)
            return Error{ErrorKind::unreachable, "the database holds a secret that is none"};
        return *octets;
    }

    Result<int> remove_expired(std::int64_t now, int limit) override {
        return m_database->write([&](Connection& connection) {
            const std::int64_t most = limit;
            int count = 0;
            count += connection.execute(batch("cookies", "hash", "expires_at <= $1"), {now, most});
            count += connection.execute(batch("proofs", "hash", "expires_at <= $1"), {now, most});
            count += connection.execute(batch("pairings", "id", "expires_at <= $1 AND flow_id = ''"), {now, most});
            count += connection.execute(batch("pairings", "id", "expires_at <= $1"), {now - k_keep_pairings, most});
            count += connection.execute(batch("audit", "id", "at <= $1 AND at <= unixepoch() - 34560000"),
                                        {now - k_keep_audit, most});
            count += connection.execute(
                batch("sessions", "row", "expires_at <= $1 OR (revoked_at > 0 AND revoked_at <= $1)"),
                {now - k_keep_sessions, most});
            return count;
        });
    }

    Result<void> probe(std::int64_t now) override { return m_heartbeat.beat(now); }

private:
    Result<bool> change(const std::string& text, std::initializer_list<Value> values) {
        return m_database->write([&](Connection& connection) { return connection.execute(text, values) == 1; });
    }

    /// The pairing's own user is who the record is about.
    Result<bool> change_pairing(const std::string& text, std::initializer_list<Value> values, std::int64_t pairing_id,
                                AuditNote note, std::int64_t now) {
        return audited(*m_database, [&](Connection& connection, std::optional<AuditRecord>& record) {
            if (connection.execute(text, values) != 1)
                return false;
            const Row row =
                connection
                    .query("SELECT user_id, device_name, client_address FROM pairings WHERE id = $1", {pairing_id})
                    .at(0);
            if (note.detail.empty())
                note.detail = row.text(1) + ", begun from " + row.text(2);
            record = add_audit(connection, note, {row.integer(0)}, now);
            return true;
        });
    }

    static AuditSubject subject_of(Connection& connection, std::int64_t session_row) {
        const auto rows = connection.query("SELECT user_id, id FROM sessions WHERE row = $1", {session_row});
        return {rows.at(0).integer(0), rows.at(0).text(1)};
    }

    static std::string batch(const char* table, const char* key, const char* condition) {
        return sql({"DELETE FROM ", table, " WHERE ", key, " IN (SELECT ", key, " FROM ", table, " WHERE ", condition,
                    " LIMIT $2)"});
    }

    /// Why one more pairing is refused; empty when it is not.
    std::string over_the_limits(Connection& connection, const Pairing& pairing) {
        const auto count = [&](const char* condition, std::initializer_list<Value> values) {
            return connection.query(sql({"SELECT COUNT(*) FROM pairings WHERE ", condition}), values).at(0).integer(0);
        };
        const std::int64_t now = pairing.created_at;
        if (!pairing.device_thumbprint.empty() && count("device_thumbprint = $1 AND expires_at > $2",
                                                        {pairing.device_thumbprint, now}) >= m_options.pushes_per_key)
            return "this device has asked too often";
        const std::int64_t all = count("expires_at > $1", {now});
        m_crowded_pairings = all >= m_options.crowded_pairings;
        if (all >= m_options.pairings)
            return "too many sign-ins were begun on this server";
        const bool is_known = pairing.client_address != platform::k_unknown_address;
        if (count("address_group = $1 AND expires_at > $2", {platform::address_group(pairing.client_address), now}) >=
            (is_known ? m_options.pairings_per_address : m_options.pairings_without_address))
            return "too many sign-ins were begun from this address";
        return {};
    }

    const StoreOptions m_options;
    std::unique_ptr<Database> m_database;
    std::unique_ptr<SessionLookup> m_lookup;
    Heartbeat m_heartbeat{*m_database};
    std::atomic<bool> m_crowded_proofs{false};
    std::atomic<bool> m_crowded_pairings{false};
    SqliteDeviceGrants m_device_grants{*m_database, m_options};
    platform::Random& m_random;
};

} // namespace

Result<std::unique_ptr<signin::Store>> open_sqlite_store(const StoreOptions& options, platform::Random& random) {
    KEYFOB_TRY_ASSIGN(auto database, Database::open({options.file, options.connections, options.patience,
                                                     options.waiting_writers, options.stuck_after}));
    KEYFOB_TRY(migrate(*database));
    KEYFOB_TRY_ASSIGN(auto lookup, SessionLookup::open(*database));
    return std::unique_ptr<signin::Store>(
        std::make_unique<SqliteStore>(options, std::move(database), std::move(lookup), random));
}

} // namespace keyfob::server::storage
