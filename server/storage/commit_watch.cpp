#include "server/storage/commit_watch.h"

#include <sqlite3.h>

namespace keyfob::server::storage {
namespace {

constexpr int k_first_region = 0;
constexpr int k_region_octets = 32 * 1024; ///< SQLite's own unit; the file format fixes it

/// Word by word and in this order, for which std::atomic_ref has no word where the memory is volatile.
CommitWatch::Snapshot copy_of(const volatile std::uint32_t* header) {
    CommitWatch::Snapshot copy;
    for (std::uint32_t& word : copy) {
        word = __atomic_load_n(header, __ATOMIC_ACQUIRE);
        ++header;
    }
    return copy;
}

} // namespace

CommitWatch::CommitWatch(Connection& connection) {
    (void)connection.query("SELECT COUNT(*) FROM sqlite_schema"); // the index is there from the first read on
    sqlite3_file* file = nullptr;
    if (::sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
        file == nullptr || file->pMethods == nullptr || file->pMethods->iVersion < 2)
        return;
    volatile void* region =
        nullptr; // SQLite's mapping, not one of ours: to open and close the file here would drop its locks
    if (file->pMethods->xShmMap(file, k_first_region, k_region_octets, /*extend=*/0, &region) == SQLITE_OK)
        m_header = static_cast<const volatile std::uint32_t*>(region);
}

/// As SQLite reads it: the writer changes the second copy first, so two that are equal are whole.
std::optional<CommitWatch::Snapshot> CommitWatch::snapshot() const {
    if (m_header == nullptr)
        return std::nullopt;
    const Snapshot first = copy_of(m_header);
    const Snapshot second = copy_of(m_header + first.size());
    return first == second ? std::optional(first) : std::nullopt;
}

} // namespace keyfob::server::storage
