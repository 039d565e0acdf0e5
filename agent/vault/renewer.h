#pragma once

#include "agent/ipc/main_loop.h"
#include "agent/vault/account_store.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "platform/result.h"
#include "server/api/client.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace keyfob::agent::vault {

/// When a cookie that was handed out is renewed ahead of time: after 70 to 80 % of its life, so that many agents do not come at once.
[[nodiscard]] std::int64_t renewal_due(const Account& account, platform::Random& random);

/// Keeps cookies good (design: sessions that cannot be copied). One renewal at a time for an account, however many ask; ahead of time only for
/// a cookie that was handed out, so that an idle agent sleeps. Main loop thread only; the waiting is done by the workers.
class Renewer {
public:
    using Done = std::function<void(const platform::Result<void>&)>;
    Renewer(AccountStore& accounts, ipc::Workers& workers, const server::api::Transport& transport,
            const platform::Clock& clock, platform::Random& random);

    /// Calls `done` when the account's cookie may be sent, at once if it is good for some seconds more.
    /// Errors: code sign_in_needed (the server has ended the session, or its time is over), failed (the server cannot be asked).
    void lend(const AccountPtr& account, Done done);

private:
    using Grant = platform::Result<server::api::CookieGrant>;
    void renew(const AccountPtr& account, Done done);
    void finish(const AccountPtr& account, Grant grant);
    void renew_before_expiry(const AccountPtr& account);
    [[nodiscard]] platform::Result<void> take(Account& account, Grant grant);
    [[nodiscard]] std::int64_t now() const { return platform::to_unix(m_clock.now()); }

    AccountStore& m_accounts;
    ipc::Workers& m_workers;
    const server::api::Transport& m_transport;
    const platform::Clock& m_clock;
    platform::Random& m_random;
    std::map<std::string, std::vector<Done>> m_waiting; ///< by session id: a renewal runs
    std::map<std::string, ipc::Timer> m_timers;         ///< by account id
    std::shared_ptr<bool> m_alive = std::make_shared<bool>(true);
};

} // namespace keyfob::agent::vault
