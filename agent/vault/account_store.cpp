#include "agent/vault/account_store.h"

#include "platform/log.h"

#include <utility>

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
    name_accounts(); // as they were when they were written
}

/// Gives the accounts their names; those whose name is another now.
std::vector<AccountPtr> AccountStore::name_accounts() {
    std::map<AccountPtr, NameForm> before;
    for (const auto& [id, account] : m_accounts)
        before[account] = std::exchange(account->name_form, NameForm::plain);
    for (const NameForm longer : {NameForm::provider, NameForm::subject}) {
        std::map<std::string, std::vector<AccountPtr>> by_name;
        for (const auto& [id, account] : m_accounts)
            by_name[account->name()].push_back(account);
        for (const auto& [name, same] : by_name)
            for (const AccountPtr& account : same)
                account->name_form = same.size() > 1 ? longer : account->name_form;
    }
    std::erase_if(before, [](const auto& one) { return one.first->name_form == one.second; });
    std::vector<AccountPtr> renamed;
    renamed.reserve(before.size());
    for (const auto& [account, form] : before)
        renamed.push_back(account);
    return renamed;
}

/// The keychain's labels show the names.
void AccountStore::update_names() {
    for (const AccountPtr& account : name_accounts())
        save(*account);
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

bool AccountStore::is_current(const Account& account) const {
    return find(account.id).get() == &account;
}

/// Makes the keychain hold what memory holds when its turn comes, whatever happens until then.
void AccountStore::write(const std::string& id, Done done) {
    auto begin = [this, id](const Done& written) {
        const auto report = [written](const Result<void>& outcome) { written(outcome); };
        if (const AccountPtr account = find(id); account && !account->ended)
            m_keychain.store(to_item(*account), report);
        else
            m_keychain.erase(id, report);
    };
    m_writes.push(id, std::move(begin), std::move(done));
}

void AccountStore::write(const std::string& id, const char* event_of_failure) {
    write(id, [event_of_failure](const Result<void>& written) {
        if (!written)
            platform::log::warning(event_of_failure, {{"reason", written.error().message}});
    });
}

/// As write(), where the keychain may hold what memory never had. Erases first: two items of one id may stand side by side, and the newest
/// would win.
void AccountStore::rewrite(const std::string& id) {
    auto begin = [this, id](const Done& written) {
        m_keychain.erase(id, [written](const Result<void>& erased) { written(erased); });
    };
    m_writes.push(id, std::move(begin), [](const Result<void>&) {}); // write() will meet the same failure
    write(id, "account_not_put_back");
}

void AccountStore::add(Account account, std::function<void(const Result<AccountPtr>&)> done) {
    auto added = std::make_shared<Account>(std::move(account));
    auto begin = [this, added](const Done& written) {
        m_keychain.store(to_item(*added), [written](const Result<void>& stored) { written(stored); });
    };
    m_writes.push(added->id, std::move(begin), [this, added, done = std::move(done)](const Result<void>& stored) {
        if (stored) {
            const AccountPtr replaced = std::exchange(m_accounts[added->id], added);
            update_names();
            return done(replaced);
        }
        if (stored.error().kind == platform::ErrorKind::timed_out)
            rewrite(added->id); // the keychain may have taken it all the same, or still will
        done(stored.error());
    });
}

void AccountStore::take_back(const AccountPtr& added, const AccountPtr& replaced) {
    if (!is_current(*added))
        return;
    if (replaced)
        m_accounts[added->id] = replaced;
    else
        m_accounts.erase(added->id);
    rewrite(added->id);
    update_names();
}

void AccountStore::save(const Account& account) {
    if (is_current(account))
        write(account.id, "account_not_saved");
}

void AccountStore::end(Account& account) {
    account.ended = true;
    account.cookie = {};
}

void AccountStore::mark_ended(Account& account) {
    end(account);
    if (is_current(account))
        write(account.id, "account_not_erased");
}

void AccountStore::forget(const std::string& id, Done done) {
    AccountPtr forgotten = find(id);
    m_accounts.erase(id); // at once, so that a renewal that ends meanwhile does not write it again
    write(id, [this, id, forgotten = std::move(forgotten), done = std::move(done)](const Result<void>& erased) {
        if (!erased && forgotten)
            m_accounts.emplace(id, forgotten);
        update_names();
        done(erased);
    });
}

} // namespace keyfob::agent::vault
