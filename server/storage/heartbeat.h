#pragma once

#include "platform/result.h"
#include "server/storage/database.h"

#include <cstdint>
#include <mutex>
#include <optional>

namespace keyfob::server::storage {

/// Whether the database can be written, shown by a write that is committed: one that is rolled back never reaches the disk, so it succeeds on
/// a disk that is full. Anybody may ask, so there is one write in some seconds, and nobody waits for the one that is under way. Thread-safe.
class Heartbeat {
public:
    static constexpr std::int64_t k_seconds = 5;

    explicit Heartbeat(Database& database) : m_database(database) {}
    /// What the last write came to, or a new one. Errors: unreachable.
    [[nodiscard]] platform::Result<void> beat(std::int64_t now);

private:
    [[nodiscard]] bool is_due(std::int64_t now);
    [[nodiscard]] platform::Result<void> write(std::int64_t now);

    Database& m_database;
    std::mutex m_mutex;
    std::int64_t m_begun_at = -k_seconds;
    platform::Result<void> m_last{platform::Error{platform::ErrorKind::unreachable, "nothing was written yet"}};
};

} // namespace keyfob::server::storage
