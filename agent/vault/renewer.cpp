#include "agent/vault/renewer.h"

#include "agent/api/error_code.h"
#include "platform/log.h"
#include "server/api/routes.h"

#include <algorithm>

namespace keyfob::agent::vault {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::int64_t k_margin = 5; ///< seconds that a lent cookie is good for at least
constexpr std::int64_t k_early_percent = 80;
constexpr std::int64_t k_jitter_percent = 10;

Error ended() {
    return {ErrorKind::denied, "the session has ended", "sign in again", api::k_sign_in_needed};
}

} // namespace

std::int64_t renewal_due(const Account& account, platform::Random& random) {
    const std::int64_t life = account.cookie_expires_at - account.cookie_renewed_at;
    const auto dice = static_cast<unsigned char>(random.bytes(1)[0]); // of 256
    return account.cookie_renewed_at + life * (k_early_percent * 256 - k_jitter_percent * dice) / (100 * 256);
}

Renewer::Renewer(AccountStore& accounts, ipc::Workers& workers, const server::api::Transport& transport,
                 const platform::Clock& clock, platform::Random& random)
    : m_accounts(accounts), m_workers(workers), m_transport(transport), m_clock(clock), m_random(random) {}

void Renewer::lend(const AccountPtr& account, Done done) {
    if (account->ended || account->session_expires_at <= now())
        return done(ended());
    // A clock that was set back must not make a cookie live longer than it was given.
    const bool good = account->cookie_expires_at - k_margin > now() && account->cookie_renewed_at <= now() + k_margin;
    if (!good)
        return renew(account, [account, done = std::move(done)](const Result<void>& renewed) {
            account->handed_out = account->handed_out || renewed.has_value();
            done(renewed);
        });
    if (!account->handed_out) {
        account->handed_out = true;
        renew_before_expiry(account);
    }
    done({});
}

void Renewer::renew_before_expiry(const AccountPtr& account) {
    const std::int64_t wait = renewal_due(*account, m_random) - now();
    const std::weak_ptr<Account> weak = account;
    m_timers[account->id].start(std::chrono::seconds(std::max<std::int64_t>(wait, 1)), [this, weak] {
        if (const AccountPtr still = weak.lock(); still && !still->ended)
            renew(still, [](const Result<void>&) {});
    });
}

void Renewer::renew(const AccountPtr& account, Done done) {
    auto& waiting = m_waiting[account->session_id];
    waiting.push_back(std::move(done));
    if (waiting.size() > 1)
        return;
    // The account's key is shared and never changes; the rest is copied, because the main loop goes on with it.
    auto work = [key = account->key, server = account->server, session = account->session_id,
                 challenge = account->challenge, this] {
        return server::api::Client(server, m_transport, m_clock, m_random).refresh(key, session, challenge);
    };
    const std::weak_ptr<bool> alive = m_alive;
    const bool taken = m_workers.run(std::move(work), [this, alive, account](Grant grant) {
        if (alive.lock())
            finish(account, std::move(grant));
    });
    if (!taken)
        finish(account, Error{ErrorKind::failed, "the agent has too much to do", "try again", api::k_failed});
}

Result<void> Renewer::take(Account& account, Grant grant) {
    if (account.ended) // signed out meanwhile
        return ended();
    if (grant) {
        renew_account(account, std::move(*grant), now());
        m_accounts.save(account);
        return {};
    }
    if (grant.error().code == server::api::k_error_session_ended) {
        platform::log::info("session_ended", {{"account", account.name()}});
        m_accounts.mark_ended(account);
        return ended();
    }
    platform::log::info("renewal_failed", {{"account", account.name()}, {"reason", grant.error().message}});
    if (account.cookie_expires_at - k_margin > now())
        return {}; // it was ahead of time; what is there is good for a while
    Error error = grant.error();
    error.code = api::k_failed; // timed_out would speak of a sign-in or the keychain
    return error;
}

void Renewer::finish(const AccountPtr& account, Grant grant) {
    const auto node = m_waiting.extract(account->session_id);
    const bool renewed = grant.has_value();
    const Result<void> outcome = take(*account, std::move(grant));
    if (node.empty())
        return;
    for (const Done& done : node.mapped())
        done(outcome);
    if (renewed &&
        account->handed_out) // after a failure the next hand-out tries again: no storm on a server that is down
        renew_before_expiry(account);
}

} // namespace keyfob::agent::vault
