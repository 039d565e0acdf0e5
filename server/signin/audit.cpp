#include "server/signin/audit.h"

#include "platform/digest.h"
#include "platform/encoding.h"

namespace keyfob::server::signin {

namespace {
constexpr std::size_t k_name_digits = 12; // 48 bits: nobody has so many sessions that two would be called the same
} // namespace

const char* audit_event_name(AuditEvent event) {
    switch (event) {
    case AuditEvent::user_identified:
        return "user_identified";
    case AuditEvent::pairing_approved:
        return "pairing_approved";
    case AuditEvent::pairing_declined:
        return "pairing_declined";
    case AuditEvent::pairing_refused:
        return "pairing_refused";
    case AuditEvent::flow_burned:
        return "flow_burned";
    case AuditEvent::code_burned:
        return "code_burned";
    case AuditEvent::code_replayed:
        return "code_replayed";
    case AuditEvent::session_created:
        return "session_created";
    case AuditEvent::session_reissued:
        return "session_reissued";
    case AuditEvent::proof_failed:
        return "proof_failed";
    case AuditEvent::session_revoked:
        return "session_revoked";
    case AuditEvent::user_disabled:
        return "user_disabled";
    case AuditEvent::user_enabled:
        return "user_enabled";
    case AuditEvent::user_codes_guessed:
        return "user_codes_guessed";
    case AuditEvent::server_configured:
        return "server_configured";
    }
    return "unknown";
}

std::string session_name(const std::string& session_id) {
    return platform::hex_encode(platform::sha256(session_id)).substr(0, k_name_digits);
}

} // namespace keyfob::server::signin
