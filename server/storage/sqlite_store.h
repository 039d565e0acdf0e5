#pragma once

#include "platform/random.h"
#include "platform/result.h"
#include "server/signin/store.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace keyfob::server::storage {

struct StoreOptions {
    std::string file;
    std::int64_t open_pairings = 10'000; ///< in all (KS-08)
    std::int64_t open_pairings_per_address = 100;
    std::int64_t pushes_per_key = 5;
    std::size_t connections = 8;
    std::chrono::milliseconds patience{5'000};
};

/// The store in a SQLite file, made or brought up to date first. `random` must outlive it.
/// Errors: unreachable, invalid (written by a newer version).
[[nodiscard]] platform::Result<std::unique_ptr<signin::Store>> open_sqlite_store(const StoreOptions& options,
                                                                                 platform::Random& random);

} // namespace keyfob::server::storage
