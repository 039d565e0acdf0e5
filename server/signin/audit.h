#pragma once

#include <cstdint>
#include <string>

namespace keyfob::server::signin {

/// What the audit remembers (OP-02). The names are those of audit_event_name(): stable, operators search for them.
enum class AuditEvent {
    user_identified,  ///< a provider has said who somebody is, and a rule lets them in
    pairing_approved, ///< the person approved the device
    pairing_declined, ///< the person declined it
    pairing_refused,  ///< a rule, or the provider, did not let the person in
    flow_burned,      ///< a genuine answer came in another browser
    code_burned,      ///< a code came with another key, verifier or redirect URI
    code_replayed,    ///< a code came a second time, and not as a repetition
    session_created,
    session_reissued, ///< the same redemption again: its answer had got lost
    proof_failed,     ///< a renewal by another key
    session_revoked,
    user_disabled,
    user_enabled,
    user_codes_guessed, ///< more wrong codes of device grants were typed than people mistype
    server_configured,  ///< a server began to serve; the detail is its configuration's digest
};

[[nodiscard]] const char* audit_event_name(AuditEvent event);

/// What a change of state is written down as, beside what the store knows itself. `detail` is text for people, and never a secret.
struct AuditNote {
    AuditEvent event;
    std::string detail;
};

/// One line of the audit.
struct AuditRecord {
    std::int64_t id = 0;
    std::int64_t at = 0; ///< unix seconds
    std::string event;
    std::string request_id;
    std::string client_address; ///< of the request that caused it; empty: an operator's command
    std::int64_t user_id = 0;   ///< 0: nobody was known yet
    std::string user;           ///< issuer and subject
    std::string session;        ///< session_name(); empty: none
    std::string detail;
};

/// How sessions are called where people see them: 12 hexadecimal digits of the hash of the id. The id itself stays with the agent.
[[nodiscard]] std::string session_name(const std::string& session_id);

} // namespace keyfob::server::signin
