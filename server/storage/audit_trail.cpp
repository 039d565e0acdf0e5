#include "server/storage/audit_trail.h"

#include "platform/encoding.h"
#include "platform/log.h"

namespace keyfob::server::storage {
namespace {

using signin::AuditRecord;

constexpr std::size_t k_longest_detail = 300;
constexpr std::int64_t k_sparing = 60; ///< seconds

std::string user_text(Connection& connection, std::int64_t user_id) {
    const auto rows = connection.query("SELECT issuer, subject FROM users WHERE id = $1", {user_id});
    return rows.empty() ? "" : rows[0].text(0) + " " + rows[0].text(1);
}

std::string name_of(const AuditSubject& subject) {
    return subject.session_id.empty() ? "" : signin::session_name(subject.session_id);
}

} // namespace

const char* const k_audit_columns =
    "id, at, event, request_id, client_address, user_id, user_name, session_name, detail";

AuditRecord audit_of(const Row& row) {
    AuditRecord record;
    std::size_t column = 0;
    record.id = row.integer(column++);
    record.at = row.integer(column++);
    record.event = row.text(column++);
    record.request_id = row.text(column++);
    record.client_address = row.text(column++);
    record.user_id = row.integer(column++);
    for (std::string* field : {&record.user, &record.session, &record.detail})
        *field = row.text(column++);
    return record;
}

AuditRecord add_audit(Connection& connection, const signin::AuditNote& note, const AuditSubject& subject,
                      std::int64_t now) {
    AuditRecord record;
    record.at = now;
    record.event = signin::audit_event_name(note.event);
    record.request_id = platform::log::request_id();
    record.client_address = platform::log::client_address();
    record.user_id = subject.user_id;
    record.user = user_text(connection, subject.user_id);
    record.session = name_of(subject);
    record.detail = platform::printable(note.detail, k_longest_detail);
    connection.execute("INSERT INTO audit (at, event, request_id, client_address, user_id, user_name, session_name, "
                       "detail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                       {record.at, record.event, record.request_id, record.client_address, record.user_id, record.user,
                        record.session, record.detail});
    return record;
}

std::optional<AuditRecord> add_audit_sparingly(Connection& connection, const signin::AuditNote& note,
                                               const AuditSubject& subject, std::int64_t now) {
    const auto same =
        connection.query("SELECT COUNT(*) FROM audit WHERE session_name = $1 AND event = $2 AND at > $3",
                         {name_of(subject), std::string(signin::audit_event_name(note.event)), now - k_sparing});
    if (same.at(0).integer(0) > 0)
        return std::nullopt;
    return add_audit(connection, note, subject, now);
}

void log_audit(const AuditRecord& record) {
    platform::log::info(record.event, {{"audit", "yes"},
                                       {"client_address", record.client_address},
                                       {"user", record.user},
                                       {"session", record.session},
                                       {"detail", record.detail}});
}

} // namespace keyfob::server::storage
