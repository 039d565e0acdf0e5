#include "server/storage/administration.h"

#include "server/storage/audit_trail.h"
#include "server/storage/migrations.h"
#include "server/storage/rows.h"

#include <algorithm>

#include <unistd.h>

namespace keyfob::server::storage {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using signin::AuditEvent;
using signin::AuditRecord;

constexpr std::int64_t k_page = 500;
/// Values: since, event, user, then the bound on ids, then the limit.
constexpr const char* k_audit_condition = "at >= $1 AND ($2 = '' OR event = $2) AND ($3 = 0 OR user_id = $3)";

std::string select(const std::string& columns, const std::string& rest) {
    return "SELECT " + columns + rest;
}

std::vector<AuditRecord> records_of(const std::vector<Row>& rows) {
    std::vector<AuditRecord> records;
    std::transform(rows.begin(), rows.end(), std::back_inserter(records), audit_of);
    return records;
}

} // namespace

Result<std::unique_ptr<Administration>> Administration::open(const std::string& file) {
    if (::access(file.c_str(), F_OK) != 0)
        return Error{ErrorKind::not_found, "there is no database " + file, "has the server of this configuration run?"};
    DatabaseOptions options;
    options.file = file;
    options.connections = 1;
    KEYFOB_TRY_ASSIGN(auto database, Database::open(options));
    KEYFOB_TRY_ASSIGN(const int schema, schema_of(*database));
    if (schema != newest_schema())
        return Error{ErrorKind::invalid,
                     "the database has schema " + std::to_string(schema) + ", and this program knows " +
                         std::to_string(newest_schema()),
                     "use the keyfob-server that serves it"};
    return std::unique_ptr<Administration>(new Administration(std::move(database)));
}

Result<std::vector<signin::User>> Administration::users() {
    return m_database->read([](Connection& connection) {
        std::vector<signin::User> users;
        for (Row& row : connection.query(select(k_user_columns, " FROM users u ORDER BY u.id")))
            users.push_back(user_of(row));
        return users;
    });
}

Result<bool> Administration::set_disabled(std::int64_t user_id, bool disabled, const std::string& detail,
                                          std::int64_t now) {
    std::vector<AuditRecord> records;
    auto changed = m_database->write([&](Connection& connection) {
        const std::int64_t value = disabled ? 1 : 0;
        if (connection.execute("UPDATE users SET disabled = $1 WHERE id = $2 AND disabled <> $1", {value, user_id}) !=
            1)
            return false;
        const AuditEvent event = disabled ? AuditEvent::user_disabled : AuditEvent::user_enabled;
        records.push_back(add_audit(connection, {event, detail}, {user_id}, now));
        if (!disabled)
            return true;
        for (const Row& row :
             connection.query("SELECT id FROM sessions WHERE user_id = $1 AND revoked_at = 0", {user_id}))
            records.push_back(add_audit(connection, {AuditEvent::session_revoked, "the user was disabled"},
                                        {user_id, row.text(0)}, now));
        connection.execute("DELETE FROM cookies WHERE session_row IN (SELECT row FROM sessions WHERE user_id = $1)",
                           {user_id});
        connection.execute("UPDATE sessions SET revoked_at = $1 WHERE user_id = $2 AND revoked_at = 0", {now, user_id});
        return true;
    });
    if (changed)
        std::for_each(records.begin(), records.end(), log_audit);
    return changed;
}

Result<std::vector<signin::SessionWithUser>> Administration::sessions(std::int64_t user_id, std::int64_t idle_since,
                                                                      std::int64_t now) {
    return m_database->read([&](Connection& connection) {
        std::vector<signin::SessionWithUser> sessions;
        for (Row& row :
             connection.query(select(k_session_columns,
                                     " FROM sessions s JOIN users u ON u.id = s.user_id WHERE ($1 = 0 OR s.user_id "
                                     "= $1) AND s.revoked_at = 0 AND s.expires_at > $2 AND s.renewed_at > $3 ORDER "
                                     "BY s.row DESC"),
                              {user_id, now, idle_since}))
            sessions.push_back(session_of(row));
        return sessions;
    });
}

Result<bool> Administration::revoke(const signin::Session& session, const std::string& detail, std::int64_t now) {
    return audited(*m_database, [&](Connection& connection, std::optional<AuditRecord>& record) {
        const int count = connection.execute("UPDATE sessions SET revoked_at = $1 WHERE row = $2 AND revoked_at = 0",
                                             {now, session.row});
        connection.execute("DELETE FROM cookies WHERE session_row = $1", {session.row});
        if (count == 1)
            record = add_audit(connection, {AuditEvent::session_revoked, detail}, {session.user_id, session.id}, now);
        return count == 1;
    });
}

Result<std::vector<AuditRecord>> Administration::newest(const AuditFilter& filter, std::int64_t limit) {
    return m_database->read([&](Connection& connection) {
        auto records =
            records_of(connection.query(select(k_audit_columns, std::string(" FROM audit WHERE ") + k_audit_condition +
                                                                    " ORDER BY id DESC LIMIT $4"),
                                        {filter.since, filter.event, filter.user_id, limit}));
        std::reverse(records.begin(), records.end());
        return records;
    });
}

Result<void> Administration::each(const AuditFilter& filter, const std::function<bool(const AuditRecord&)>& take) {
    const std::string sql = select(k_audit_columns, std::string(" FROM audit WHERE ") + k_audit_condition +
                                                        " AND id > $4 ORDER BY id LIMIT $5");
    for (std::int64_t last = 0;;) {
        KEYFOB_TRY_ASSIGN(const auto records, m_database->read([&](Connection& connection) {
            return records_of(connection.query(sql, {filter.since, filter.event, filter.user_id, last, k_page}));
        }));
        for (const AuditRecord& record : records)
            if (!take(record))
                return {};
        if (records.empty())
            return {};
        last = records.back().id;
    }
}

} // namespace keyfob::server::storage
