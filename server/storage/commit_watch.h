#pragma once

#include "server/storage/database.h"

#include <array>
#include <cstdint>
#include <optional>

namespace keyfob::server::storage {

/// Tells without a system call whether anybody, in this process or another, has committed to the database since. It looks where SQLite's own
/// readers look first: at the header of the WAL index, in memory that all processes share (sqlite.org/walformat.html, section 2.1). SQLite
/// writes that header before a commit returns, so whoever has seen a commit succeed has changed what is read here.
/// Thread-safe as long as nobody closes the connection.
class CommitWatch {
public:
    /// All of the header: a count of commits alone would begin anew when the index is made anew.
    using Snapshot = std::array<std::uint32_t, 12>;

    /// `connection` must stay open as long as this lives.
    explicit CommitWatch(Connection& connection);

    /// Equal snapshots: nothing was committed between them. nullopt: it cannot be told, or somebody is writing it just now.
    [[nodiscard]] std::optional<Snapshot> snapshot() const;

private:
    const volatile std::uint32_t* m_header =
        nullptr; ///< two copies, one behind the other; null where there is no index
};

} // namespace keyfob::server::storage
