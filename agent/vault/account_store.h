#pragma once

#include "agent/vault/account.h"
#include "agent/vault/keychain.h"
#include "agent/vault/write_queue.h"
#include "platform/result.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace keyfob::agent::vault {

using AccountPtr = std::shared_ptr<Account>;

/// The accounts of this device: in memory while the agent runs, in the keychain for good. Each has the shortest name that no other has.
/// Main loop thread only.
class AccountStore {
public:
    using Done = std::function<void(const platform::Result<void>&)>;
    explicit AccountStore(Keychain& keychain) : m_keychain(keychain) {}

    /// Calls `done` when the keychain has been read; at once if it has. A failed reading is tried again by the next caller.
    void when_loaded(Done done);
    [[nodiscard]] std::vector<AccountPtr> all() const;
    [[nodiscard]] AccountPtr find(const std::string& id) const; ///< null if absent
    /// Keeps a new account, in the keychain first. The one that it replaces, if any, is given to `done`.
    void add(Account account, std::function<void(const platform::Result<AccountPtr>& replaced)> done);
    /// Undoes an add: `replaced`, if any, is there again, here and in the keychain. What was added or forgotten since stays as it is.
    void take_back(const AccountPtr& added, const AccountPtr& replaced);
    /// Writes a changed account, unless it was forgotten or replaced meanwhile. A failure is logged: memory has the newer state, and the
    /// server forgives an old challenge.
    void save(const Account& account);
    /// Its session is over: what is in memory is lent no more.
    static void end(Account& account);
    /// The server has ended it: it is shown as ended, and nothing of it is kept. What has replaced it stays.
    void mark_ended(Account& account);
    /// Forgets it here and in the keychain; after an error it is still there.
    void forget(const std::string& id, Done done);
    /// Something is still to be written, so that the agent should not end yet.
    [[nodiscard]] bool is_writing() const { return !m_writes.is_empty(); }

private:
    void take(const std::vector<KeychainItem>& items);
    std::vector<AccountPtr> name_accounts();
    void update_names();
    [[nodiscard]] bool is_current(const Account& account) const;
    void write(const std::string& id, Done done);
    void write(const std::string& id, const char* event_of_failure);
    void rewrite(const std::string& id);
    Keychain& m_keychain;
    WriteQueue m_writes;
    bool m_loaded = false;
    std::vector<Done> m_waiting;
    std::map<std::string, AccountPtr> m_accounts;
};

} // namespace keyfob::agent::vault
