#pragma once

#include "platform/random.h"
#include "platform/result.h"
#include "server/signin/store.h"
#include "server/signin/user_code.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace keyfob::server::storage {

struct StoreOptions {
    std::string file;
    // Rows that are not expired, whatever became of them: to end one is as cheap as to begin it (KS-08, S4).
    std::int64_t pairings = 50'000;
    std::int64_t crowded_pairings =
        20'000; ///< from there on room is for those who ask for little (signin::Store::is_crowded)
    std::int64_t pairings_per_address = 1'000;      ///< an office behind one address has that many at once
    std::int64_t pairings_without_address = 10'000; ///< of all whose address no proxy tells, together
    std::int64_t pushes_per_key = 5;                ///< and device grants
    std::int64_t device_grants = signin::k_most_device_grants;
    std::int64_t device_grants_per_address = 50; ///< these can all ask every five seconds within the limit of agents
    std::int64_t device_grants_without_address = 500;
    std::int64_t proofs = 200'000; ///< remembered at a time; about 300 a second
    std::int64_t crowded_proofs = 100'000;
    std::size_t connections = 8;
    std::chrono::milliseconds patience{5'000};
    std::size_t waiting_writers = 6; ///< these two: DatabaseOptions
    std::chrono::milliseconds stuck_after{500};
};

/// The store in a SQLite file, made or brought up to date first. `random` must outlive it.
/// Errors: unreachable, invalid (written by a newer version).
[[nodiscard]] platform::Result<std::unique_ptr<signin::Store>> open_sqlite_store(const StoreOptions& options,
                                                                                 platform::Random& random);

} // namespace keyfob::server::storage
