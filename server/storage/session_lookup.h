#pragma once

#include "server/signin/store.h"
#include "server/storage/database.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace keyfob::server::storage {

/// Finds the live session of a cookie: what the check of every request costs. Sessions that were found are remembered until somebody commits
/// anything to the database (CommitWatch), so that a revocation counts on the next request, whoever has written it; what is not remembered is one
/// hit in the index. There is one part for each share of the hashes, with its own connection and its own lock. Thread-safe.
class SessionLookup {
public:
    /// Errors: unreachable.
    [[nodiscard]] static platform::Result<std::unique_ptr<SessionLookup>> open(Database& database);
    ~SessionLookup();

    /// See signin::Store::find_cookie.
    [[nodiscard]] platform::Result<signin::SessionPtr> find(const std::string& cookie_hash, std::int64_t idle_since,
                                                            std::int64_t now);

private:
    class Part;
    explicit SessionLookup(std::vector<std::unique_ptr<Part>> parts);
    std::vector<std::unique_ptr<Part>> m_parts;
};

} // namespace keyfob::server::storage
