#pragma once

#include "platform/result.h"
#include "server/signin/store.h"
#include "server/storage/database.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace keyfob::server::storage {

/// Which records of the audit are meant. Empty members take everything.
struct AuditFilter {
    std::int64_t since = 0; ///< unix seconds
    std::string event;
    std::int64_t user_id = 0;
};

/// What an operator's command may do, beside servers that run on the same file: they read it at each request, so a change counts on their next
/// one. Who may open the file may do all of it. Each change and its record in the audit are one transaction: no record, no change.
/// One thread. Errors of every call: unreachable.
class Administration {
public:
    /// Never makes or changes tables. Errors: not_found (there is no file), invalid (another version's tables), unreachable.
    [[nodiscard]] static platform::Result<std::unique_ptr<Administration>> open(const std::string& file);

    [[nodiscard]] platform::Result<std::vector<signin::User>> users();
    /// Disabling ends all sessions of the user. False: it was so already, or there is no such user.
    [[nodiscard]] platform::Result<bool> set_disabled(std::int64_t user_id, bool disabled, const std::string& detail,
                                                      std::int64_t now);
    /// Live ones, the newest first; of all users where `user_id` is 0.
    [[nodiscard]] platform::Result<std::vector<signin::SessionWithUser>>
    sessions(std::int64_t user_id, std::int64_t idle_since, std::int64_t now);
    /// False: it was revoked already.
    [[nodiscard]] platform::Result<bool> revoke(const signin::Session& session, const std::string& detail,
                                                std::int64_t now);
    /// The newest that fit, the oldest of them first.
    [[nodiscard]] platform::Result<std::vector<signin::AuditRecord>> newest(const AuditFilter& filter,
                                                                            std::int64_t limit);
    /// All that fit, the oldest first, a few hundred in memory at a time. `take` returning false ends it.
    [[nodiscard]] platform::Result<void> each(const AuditFilter& filter,
                                              const std::function<bool(const signin::AuditRecord&)>& take);

private:
    explicit Administration(std::unique_ptr<Database> database) : m_database(std::move(database)) {}
    std::unique_ptr<Database> m_database;
};

} // namespace keyfob::server::storage
