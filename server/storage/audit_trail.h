#pragma once

#include "server/signin/audit.h"
#include "server/storage/database.h"

#include <cstdint>
#include <optional>
#include <string>

namespace keyfob::server::storage {

/// How long the audit is kept; the database itself refuses to remove a younger row.
inline constexpr std::int64_t k_keep_audit = std::int64_t{400} * 24 * 3600;

/// Whom an event is about.
struct AuditSubject {
    std::int64_t user_id = 0;
    std::string session_id = {}; ///< empty: none
};

/// Writes the record in the transaction at hand, so that neither the change nor its record is there without the other. Request id and client
/// address are those of the log's context. Throws as Connection does.
signin::AuditRecord add_audit(Connection& connection, const signin::AuditNote& note, const AuditSubject& subject,
                              std::int64_t now);
/// The same, unless the same was written about that session within the last minute: for what anybody can cause.
std::optional<signin::AuditRecord> add_audit_sparingly(Connection& connection, const signin::AuditNote& note,
                                                       const AuditSubject& subject, std::int64_t now);
/// The same record as a line of the log. To be called after the transaction has been committed.
void log_audit(const signin::AuditRecord& record);

/// Database::write() for work that leaves at most one record, which is logged when both are on the disk: `work(connection, record)`.
template <typename Work> auto audited(Database& database, Work work) {
    std::optional<signin::AuditRecord> record;
    auto result = database.write([&](Connection& connection) { return work(connection, record); });
    if (result && record)
        log_audit(*record);
    return result;
}

extern const char* const k_audit_columns; ///< what the next function reads, in its order
[[nodiscard]] signin::AuditRecord audit_of(const Row& row);

} // namespace keyfob::server::storage
