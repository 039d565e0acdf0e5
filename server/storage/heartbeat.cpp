#include "server/storage/heartbeat.h"

namespace keyfob::server::storage {

using platform::Result;

/// A clock that was set back must not keep an old answer alive.
bool Heartbeat::is_due(std::int64_t now) {
    const std::lock_guard lock(m_mutex);
    if (now >= m_begun_at && now < m_begun_at + k_seconds)
        return false;
    m_begun_at = now;
    return true;
}

Result<void> Heartbeat::write(std::int64_t now) {
    KEYFOB_TRY(m_database.write([&](Connection& connection) {
        return connection.execute("INSERT INTO heartbeat (id, beat_at) VALUES (1, $1) ON CONFLICT (id) DO UPDATE SET "
                                  "beat_at = excluded.beat_at",
                                  {now});
    }));
    return {};
}

Result<void> Heartbeat::beat(std::int64_t now) {
    std::optional<Result<void>> written;
    if (is_due(now))
        written = write(now);
    const std::lock_guard lock(m_mutex);
    if (written)
        m_last = *written;
    return m_last;
}

} // namespace keyfob::server::storage
