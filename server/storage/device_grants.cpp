#include "server/storage/device_grants.h"

#include "platform/address_group.h"
#include "server/storage/audit_trail.h"
#include "server/storage/rows.h"
#include "server/storage/sqlite_store.h"

namespace keyfob::server::storage {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using signin::AuditRecord;
using signin::Pairing;

std::optional<Pairing> pairing_by_id(Connection& connection, std::int64_t id) {
    const auto rows =
        connection.query(std::string("SELECT ") + k_pairing_columns + " FROM pairings WHERE id = $1", {id});
    return rows.empty() ? std::nullopt : std::optional(pairing_of(rows[0]));
}

bool is_taken(Connection& connection, const std::string& user_code_hash) {
    return !connection
                .query("SELECT 1 FROM device_grants WHERE user_code_hash = $1 AND user_code_hash <> ''",
                       {user_code_hash})
                .empty();
}

void insert(Connection& connection, const Pairing& pairing, const signin::DeviceCodeHashes& hashes,
            std::int64_t interval) {
    Pairing row = pairing;
    row.request_uri_hash = "none: " + hashes.device_code; // the hash of nothing, but different for each row
    insert_pairing(connection, row);
    connection.execute(
        "INSERT INTO device_grants (pairing_id, device_code_hash, user_code_hash, device_thumbprint, address_group, "
        "expires_at, interval_seconds) SELECT id, $1, $2, $3, $4, $5, $6 FROM pairings WHERE request_uri_hash = $7",
        {hashes.device_code, hashes.user_code, pairing.device_thumbprint,
         platform::address_group(pairing.client_address), pairing.expires_at, interval, row.request_uri_hash});
}

} // namespace

/// What has expired is no live code, but its row stays for a while: it must not keep a code from being made again.
Result<bool> SqliteDeviceGrants::add(const Pairing& pairing, const signin::DeviceCodeHashes& hashes,
                                     std::int64_t interval) {
    bool taken = false;
    KEYFOB_TRY_ASSIGN(const std::string refusal, m_database.write([&](Connection& connection) -> std::string {
        if (std::string reason = over_the_limits(connection, pairing); !reason.empty())
            return reason;
        connection.execute(
            "UPDATE device_grants SET user_code_hash = '' WHERE user_code_hash = $1 AND expires_at <= $2",
            {hashes.user_code, pairing.created_at});
        taken = is_taken(connection, hashes.user_code);
        if (taken)
            return {};
        if (!pairing.device_thumbprint.empty())
            connection.execute(
                std::string("UPDATE pairings SET state = 'superseded' WHERE device_thumbprint = $1 AND ") +
                    k_pairing_is_open,
                {pairing.device_thumbprint});
        insert(connection, pairing, hashes, interval);
        return {};
    }));
    if (!refusal.empty())
        return Error{ErrorKind::denied, refusal, "wait a few minutes"};
    return !taken;
}

/// The code goes at once: what is spent cannot be guessed any more (DG-02), and who has seen it over a shoulder has nothing (DG-11).
Result<std::optional<Pairing>> SqliteDeviceGrants::begin_flow(const std::string& user_code_hash,
                                                              const signin::FlowBeginning& beginning,
                                                              std::int64_t now) {
    return m_database.write([&](Connection& connection) -> std::optional<Pairing> {
        const auto rows = connection.query("SELECT pairing_id FROM device_grants WHERE user_code_hash = $1 AND "
                                           "user_code_hash <> '' AND expires_at > $2",
                                           {user_code_hash, now});
        if (rows.empty())
            return std::nullopt;
        const std::int64_t id = rows[0].integer(0);
        connection.execute("UPDATE device_grants SET user_code_hash = '' WHERE pairing_id = $1", {id});
        const int changed = connection.execute(
            "UPDATE pairings SET state = 'proven', flow_id = $1, flow_secret_hash = $2, browser_address = $3 WHERE "
            "id = $4 AND state = 'created' AND expires_at > $5",
            {beginning.flow_id, beginning.flow_secret_hash, beginning.browser_address, id, now});
        return changed == 1 ? pairing_by_id(connection, id) : std::nullopt;
    });
}

Result<std::optional<signin::DevicePoll>> SqliteDeviceGrants::poll(const std::string& device_code_hash,
                                                                   std::int64_t penalty, std::int64_t now) {
    // Codes that are not there take no writer's turn.
    KEYFOB_TRY_ASSIGN(const bool known, m_database.read([&](Connection& connection) {
        return !connection.query("SELECT 1 FROM device_grants WHERE device_code_hash = $1", {device_code_hash}).empty();
    }));
    if (!known)
        return std::optional<signin::DevicePoll>{};
    return m_database.write([&](Connection& connection) -> std::optional<signin::DevicePoll> {
        const auto rows = connection.query("SELECT pairing_id, interval_seconds, polled_at, refusal_code, refusal_text "
                                           "FROM device_grants WHERE device_code_hash = $1",
                                           {device_code_hash});
        if (rows.empty())
            return std::nullopt;
        const Row& row = rows[0];
        const bool too_fast = row.integer(2) > 0 && now < row.integer(2) + row.integer(1);
        connection.execute("UPDATE device_grants SET polled_at = $1, interval_seconds = interval_seconds + $2 WHERE "
                           "pairing_id = $3",
                           {now, too_fast ? penalty : 0, row.integer(0)});
        auto pairing = pairing_by_id(connection, row.integer(0));
        if (!pairing)
            return std::nullopt;
        return signin::DevicePoll{std::move(*pairing), {row.text(3), row.text(4)}, too_fast};
    });
}

Result<bool> SqliteDeviceGrants::refuse(std::int64_t pairing_id, const signin::DeviceRefusal& refusal,
                                        const signin::AuditNote& why, std::int64_t now) {
    return audited(m_database, [&](Connection& connection, std::optional<AuditRecord>& record) {
        const int changed = connection.execute(
            std::string("UPDATE pairings SET state = 'denied' WHERE id = $1 AND expires_at > $2 AND ") +
                k_pairing_is_open,
            {pairing_id, now});
        if (changed != 1)
            return false;
        connection.execute("UPDATE device_grants SET refusal_code = $1, refusal_text = $2 WHERE pairing_id = $3",
                           {refusal.code, refusal.text, pairing_id});
        const auto user = connection.query("SELECT user_id FROM pairings WHERE id = $1", {pairing_id});
        record = add_audit(connection, why, {user.at(0).integer(0)}, now);
        return true;
    });
}

/// Why one more is refused; empty when it is not.
std::string SqliteDeviceGrants::over_the_limits(Connection& connection, const Pairing& pairing) const {
    const auto count = [&](const std::string& condition, std::initializer_list<Value> values) {
        return connection.query("SELECT COUNT(*) FROM device_grants WHERE " + condition, values).at(0).integer(0);
    };
    const std::int64_t now = pairing.created_at;
    if (!pairing.device_thumbprint.empty() && count("device_thumbprint = $1 AND expires_at > $2",
                                                    {pairing.device_thumbprint, now}) >= m_options.pushes_per_key)
        return "this device has asked too often";
    if (count("expires_at > $1", {now}) >= m_options.device_grants)
        return "too many devices wait for a sign-in on this server";
    if (pairing.device_thumbprint.empty() && count("device_thumbprint = '' AND expires_at > $1", {now}) >=
                                                 m_options.device_grants / 2) // these prove nothing, not even a key
        return "too many programs wait for a sign-in on this server";
    const bool is_known = pairing.client_address != platform::k_unknown_address;
    if (count("address_group = $1 AND expires_at > $2", {platform::address_group(pairing.client_address), now}) >=
        (is_known ? m_options.device_grants_per_address : m_options.device_grants_without_address))
        return "too many devices wait for a sign-in from this address";
    return {};
}

} // namespace keyfob::server::storage
