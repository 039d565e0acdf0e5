#include "server/storage/upstream_logout.h"

#include "server/storage/audit_trail.h"
#include "server/storage/rows.h"

#include <string>

namespace keyfob::server::storage {
namespace {

using signin::AuditEvent;
using signin::AuditRecord;
using signin::LogoutNotice;

constexpr std::int64_t k_leeway = 60; ///< seconds for which the token is still taken after its end

/// Of `users u` and a table `t` beside it; values: issuer, subject, session. Each form finds its rows by an index.
std::string condition_of(const LogoutNotice& notice) {
    if (!notice.subject.empty())
        return " u.issuer = $1 AND u.subject = $2 AND ($3 = '' OR t.upstream_session = $3)";
    return " u.issuer = $1 AND $2 = '' AND t.upstream_session <> '' AND t.upstream_session = $3";
}

std::vector<Row> rows_of(Connection& connection, const char* columns, const char* table, const LogoutNotice& notice) {
    return connection.query(std::string("SELECT ") + columns + " FROM " + table +
                                " t JOIN users u ON u.id = t.user_id WHERE" + condition_of(notice),
                            {notice.issuer, notice.subject, notice.session_id});
}

} // namespace

std::vector<AuditRecord> end_upstream(Connection& connection, const LogoutNotice& notice, const std::string& token_hash,
                                      std::int64_t now) {
    std::vector<AuditRecord> records;
    if (connection.execute("INSERT INTO proofs (hash, expires_at) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING",
                           {token_hash, notice.expires_at + k_leeway}) != 1)
        return records;
    for (const Row& row : rows_of(connection, "t.row, t.id, t.user_id", "sessions", notice)) {
        connection.execute("DELETE FROM cookies WHERE session_row = $1", {row.integer(0)});
        if (connection.execute("UPDATE sessions SET revoked_at = $1 WHERE row = $2 AND revoked_at = 0",
                               {now, row.integer(0)}) == 1)
            records.push_back(add_audit(connection, {AuditEvent::session_revoked, "the provider ended its session"},
                                        {row.integer(2), row.text(1)}, now));
    }
    for (const Row& row : rows_of(connection, "t.id", "pairings", notice))
        connection.execute(std::string("UPDATE pairings SET state = 'denied' WHERE id = $1 AND ") + k_pairing_is_open,
                           {row.integer(0)});
    return records;
}

} // namespace keyfob::server::storage
