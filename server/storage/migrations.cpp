#include "server/storage/migrations.h"

#include "platform/log.h"
#include "platform/unique_fd.h"

#include <cstdlib>

#include <fcntl.h>

namespace keyfob::server::storage {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

/// Step n brings schema n to n+1. A step that was released is never changed; what changes is a new step.
const std::vector<std::vector<const char*>>& steps() {
    static const std::vector<std::vector<const char*>> k_steps{
        {
            R"(CREATE TABLE users (
                id INTEGER PRIMARY KEY, provider TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL,
                email TEXT NOT NULL, created_at INTEGER NOT NULL, disabled INTEGER NOT NULL DEFAULT 0, UNIQUE (issuer, subject)) STRICT)",
            R"(CREATE TABLE sessions (
                row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, user_id INTEGER NOT NULL REFERENCES users (id), device_key TEXT NOT NULL,
                device_thumbprint TEXT NOT NULL, device_name TEXT NOT NULL, device_os TEXT NOT NULL, client_address TEXT NOT NULL,
                challenge TEXT NOT NULL, created_at INTEGER NOT NULL, renewed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL,
                revoked_at INTEGER NOT NULL DEFAULT 0) STRICT)",
            "CREATE INDEX sessions_of_user ON sessions (user_id)",
            "CREATE INDEX sessions_expiry ON sessions (expires_at)",
            "CREATE INDEX sessions_revocation ON sessions (revoked_at) WHERE revoked_at > 0",
            R"(CREATE TABLE cookies (
                hash TEXT PRIMARY KEY, session_row INTEGER NOT NULL REFERENCES sessions (row) ON DELETE CASCADE,
                expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID)",
            "CREATE INDEX cookies_of_session ON cookies (session_row)",
            "CREATE INDEX cookies_expiry ON cookies (expires_at)",
            R"(CREATE TABLE pairings (
                id INTEGER PRIMARY KEY AUTOINCREMENT, state TEXT NOT NULL, flow_id TEXT NOT NULL, device_key TEXT NOT NULL,
                device_thumbprint TEXT NOT NULL, device_name TEXT NOT NULL, device_os TEXT NOT NULL, client_address TEXT NOT NULL,
                address_group TEXT NOT NULL, browser_address TEXT NOT NULL, code_challenge TEXT NOT NULL, redirect_uri TEXT NOT NULL, client_state TEXT NOT NULL,
                provider TEXT NOT NULL, user_id INTEGER NOT NULL, session_row INTEGER NOT NULL, created_at INTEGER NOT NULL,
                expires_at INTEGER NOT NULL, code_expires_at INTEGER NOT NULL, redeemed_at INTEGER NOT NULL,
                request_uri_hash TEXT NOT NULL, flow_secret_hash TEXT NOT NULL, upstream_state_hash TEXT NOT NULL, code_hash TEXT NOT NULL,
                request_uri_expires_at INTEGER NOT NULL) STRICT)",
            "CREATE UNIQUE INDEX pairings_request_uri ON pairings (request_uri_hash)",
            "CREATE UNIQUE INDEX pairings_flow ON pairings (flow_id) WHERE flow_id <> ''",
            "CREATE UNIQUE INDEX pairings_code ON pairings (code_hash) WHERE code_hash <> ''",
            "CREATE INDEX pairings_of_key ON pairings (device_thumbprint)",
            "CREATE INDEX pairings_of_address ON pairings (address_group, expires_at)",
            "CREATE INDEX pairings_expiry ON pairings (expires_at)",
            "CREATE TABLE proofs (hash TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
            "CREATE INDEX proofs_expiry ON proofs (expires_at)",
            "CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
            "CREATE TABLE heartbeat (id INTEGER PRIMARY KEY CHECK (id = 1), beat_at INTEGER NOT NULL) STRICT",
        },
        {
            "ALTER TABLE pairings ADD COLUMN challenge_expires_at INTEGER NOT NULL DEFAULT 0",
        },
        {
            "ALTER TABLE sessions ADD COLUMN class TEXT NOT NULL DEFAULT 'standard'",
            "ALTER TABLE sessions ADD COLUMN key_kind TEXT NOT NULL DEFAULT 'software'",
            R"(CREATE TABLE audit (
                id INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, event TEXT NOT NULL, request_id TEXT NOT NULL,
                client_address TEXT NOT NULL, user_id INTEGER NOT NULL, user_name TEXT NOT NULL, session_name TEXT NOT NULL,
                detail TEXT NOT NULL) STRICT)",
            "CREATE INDEX audit_time ON audit (at)",
            "CREATE INDEX audit_of_session ON audit (session_name, event, at)",
            "CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit is "
            "append-only'); END",
            "CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit WHEN OLD.at > unixepoch() - 34560000 BEGIN "
            "SELECT RAISE(ABORT, 'the audit is kept for 400 days'); END",
        },
        {
            // To count 200,000 proofs anew for each one more takes milliseconds of the one writer.
            "CREATE TABLE totals (name TEXT PRIMARY KEY, row_count INTEGER NOT NULL) STRICT, WITHOUT ROWID",
            "INSERT INTO totals (name, row_count) SELECT 'proofs', COUNT(*) FROM proofs",
            "CREATE TRIGGER proofs_added AFTER INSERT ON proofs BEGIN "
            "UPDATE totals SET row_count = row_count + 1 WHERE name = 'proofs'; END",
            "CREATE TRIGGER proofs_removed AFTER DELETE ON proofs BEGIN "
            "UPDATE totals SET row_count = row_count - 1 WHERE name = 'proofs'; END",
            // What no browser has opened is removed as soon as it has expired; the others are kept for a while.
            "CREATE INDEX pairings_never_opened ON pairings (expires_at) WHERE flow_id = ''",
        },
        {
            "ALTER TABLE pairings ADD COLUMN client_id TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE sessions ADD COLUMN client_id TEXT NOT NULL DEFAULT ''",
        },
        {
            R"(CREATE TABLE device_grants (
                pairing_id INTEGER PRIMARY KEY REFERENCES pairings (id) ON DELETE CASCADE, device_code_hash TEXT NOT NULL UNIQUE,
                user_code_hash TEXT NOT NULL, device_thumbprint TEXT NOT NULL, address_group TEXT NOT NULL, expires_at INTEGER NOT NULL,
                interval_seconds INTEGER NOT NULL, polled_at INTEGER NOT NULL DEFAULT 0, refusal_code TEXT NOT NULL DEFAULT '',
                refusal_text TEXT NOT NULL DEFAULT '') STRICT)",
            "CREATE UNIQUE INDEX device_grants_user_code ON device_grants (user_code_hash) WHERE user_code_hash <> ''",
            "CREATE INDEX device_grants_of_address ON device_grants (address_group, expires_at)",
            "CREATE INDEX device_grants_of_key ON device_grants (device_thumbprint, expires_at)",
            "CREATE INDEX device_grants_expiry ON device_grants (expires_at)",
        },
        {
            // INSERT OR REPLACE removes the row that was there, and no trigger for removals sees it.
            "CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN EXISTS (SELECT 1 FROM audit WHERE id = "
            "NEW.id) BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END",
        },
        {
            // What the provider calls the session that ours began with, for its logout.
            "ALTER TABLE pairings ADD COLUMN upstream_session TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE sessions ADD COLUMN upstream_session TEXT NOT NULL DEFAULT ''",
            "CREATE INDEX sessions_upstream ON sessions (upstream_session) WHERE upstream_session <> ''",
            "CREATE INDEX pairings_of_user ON pairings (user_id) WHERE user_id > 0",
            "CREATE INDEX pairings_upstream ON pairings (upstream_session) WHERE upstream_session <> ''",
        },
    };
    return k_steps;
}

int version_of(Connection& connection) {
    return static_cast<int>(connection.query("PRAGMA user_version").at(0).integer(0));
}

/// A file of our own that is empty: SQLite takes one that is there only so.
Result<std::string> make_backup_file(const std::string& file, int schema) {
    std::string path = file + ".schema-" + std::to_string(schema) + "-XXXXXX";
    const platform::UniqueFd made(::mkostemp(path.data(), O_CLOEXEC)); // mode 0600
    if (!made)
        return Error{ErrorKind::unreachable, "cannot make a copy of the database: " + path,
                     "may this user write in that directory, and is there space on its disk?"};
    return path;
}

Result<void> back_up(Database& database, int schema) {
    KEYFOB_TRY_ASSIGN(const std::string path, make_backup_file(database.file(), schema));
    KEYFOB_TRY(database.read([&](Connection& connection) {
        connection.execute("VACUUM main INTO $1", {path});
        return true;
    }));
    platform::log::info("database_backed_up", {{"file", path}});
    return {};
}

} // namespace

Result<int> schema_of(Database& database) {
    return database.read([](Connection& connection) { return version_of(connection); });
}

int newest_schema() {
    return static_cast<int>(steps().size());
}

Result<void> migrate(Database& database, int to) {
    KEYFOB_TRY_ASSIGN(const int found, schema_of(database));
    if (found < 0)
        return Error{ErrorKind::invalid, "the database is not one of keyfob-server", "name another database"};
    if (found > newest_schema())
        return Error{ErrorKind::invalid,
                     "the database was written by a newer keyfob-server (schema " + std::to_string(found) +
                         ", this one knows " + std::to_string(newest_schema()) + ")",
                     "install that version again, or name another database"};
    if (found > 0 && found < to) {
        KEYFOB_TRY(back_up(database, found));
    }
    for (int step = found; step < to; ++step) {
        KEYFOB_TRY(database.write([&](Connection& connection) {
            if (version_of(connection) != step)
                return false; // another server was faster
            for (const char* sql : steps()[static_cast<std::size_t>(step)])
                connection.execute(sql);
            connection.execute("PRAGMA user_version = " + std::to_string(step + 1));
            return true;
        }));
    }
    return {};
}

} // namespace keyfob::server::storage
