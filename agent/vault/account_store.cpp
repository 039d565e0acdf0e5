#include "agent/vault/account_store.h"

#include "platform/log.h"

namespace keyfob::agent::vault {

using platform::Result;

void AccountStore::when_loaded(Done done) {
    if (m_loaded)
        return done({});
    m_waiting.push_back(std::move(done));
    if (m_waiting.size() > 1)
        return;
    m_keychain.load_all([this](Result<std::vector<KeychainItem>> items) {
        if (items)
            take(*items);
        m_loaded = items.has_value();
        const auto waiting = std::move(m_waiting);
        m_waiting.clear();
        for (const Done& one : waiting)
            one(items ? Result<void>() : Result<void>(items.error()));
    });
}

void AccountStore::take(const std::vector<KeychainItem>& items) {
    for (const KeychainItem& item : items) {
        auto account = from_item(item);
        if (!account) {
            platform::log::warning("keychain_item_ignored",
                                   {{"label", item.label}, {"reason", account.error().message}});
            continue;
        }
        AccountPtr& place = m_accounts[account->id];
        if (!place || place->cookie_renewed_at < account->cookie_renewed_at)
            place = std::make_shared<Account>(std::move(*account));
    }
}

std::vector<AccountPtr> AccountStore::all() const {
    std::vector<AccountPtr> accounts;
    for (const auto& [id, account] : m_accounts)
        accounts.push_back(account);
    return accounts;
}

AccountPtr AccountStore::find(const std::string& id) const {
    const auto found = m_accounts.find(id);
    return found == m_accounts.end() ? nullptr : found->second;
}

void AccountStore::add(Account account, std::function<void(const Result<AccountPtr>&)> done) {
    auto added = std::make_shared<Account>(std::move(account));
    m_keychain.store(to_item(*added), [this, added, done = std::move(done)](const Result<void>& stored) {
        if (!stored)
            return done(stored.error());
        AccountPtr& place = m_accounts[added->id];
        const AccountPtr replaced = place;
        place = added;
        done(replaced);
    });
}

bool AccountStore::is_current(const Account& account) const {
    return find(account.id).get() == &account;
}

void AccountStore::save(const Account& account) {
    if (!is_current(account))
        return;
    m_keychain.store(to_item(account), [](const Result<void>& stored) {
        if (!stored)
            platform::log::warning("account_not_saved", {{"reason", stored.error().message}});
    });
}

void AccountStore::mark_ended(Account& account) {
    account.ended = true;
    account.cookie = {};
    if (!is_current(account))
        return;
    m_keychain.erase(account.id, [](const Result<void>& erased) {
        if (!erased)
            platform::log::warning("account_not_erased", {{"reason", erased.error().message}});
    });
}

void AccountStore::forget(const std::string& id, Done done) {
    AccountPtr forgotten = find(id);
    m_accounts.erase(id); // at once, so that a renewal that ends meanwhile does not write it again
    m_keychain.erase(id,
                     [this, id, forgotten = std::move(forgotten), done = std::move(done)](const Result<void>& erased) {
                         if (!erased && forgotten)
                             m_accounts.emplace(id, forgotten);
                         done(erased);
                     });
}

} // namespace keyfob::agent::vault
