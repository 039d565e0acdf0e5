#include "agent/api/error_code.h"
#include "agent/handlers/methods.h"
#include "agent/handlers/parameters.h"
#include "agent/vault/account_choice.h"
#include "server/api/client.h"

#include <memory>

namespace keyfob::agent::handlers {
namespace {

using platform::Error;
using platform::Result;
using platform::json::make_object;
using platform::json::Value;
using vault::AccountPtr;

/// Collects what became of each account, and answers when the last is done.
struct Logout {
    ipc::Call call;
    std::size_t left = 0;
    Value ended; ///< an array
};

struct LogoutRequest {
    bool all = false;
    std::string account; ///< empty: the only one
};

Result<LogoutRequest> read_logout(const Value& parameters) {
    KEYFOB_TRY_ASSIGN(const bool all, boolean_parameter(parameters, "all", false));
    KEYFOB_TRY_ASSIGN(const std::string account, string_parameter(parameters, "account"));
    return LogoutRequest{all, account};
}

Value error_object(const Error& error) {
    return make_object("code", api::error_code(error.code).word, "message", error.message, "hint", error.hint);
}

Value ended_object(const std::string& name, const vault::Account& account, const Result<void>& revoked,
                   const Result<void>& forgotten) {
    Value object = make_object("account", name,                                  //
                               "server", account.server.text(),                  //
                               "revoked", revoked.has_value(),                   //
                               "detail", revoked ? "" : revoked.error().message, //
                               "forgotten", forgotten.has_value());
    if (!forgotten)
        object["error"] = error_object(forgotten.error());
    return object;
}

void answer(const Logout& logout) {
    logout.call.answer(make_object("ended", logout.ended));
}

/// AG-13: at the server first; forgotten here whatever the server says. What is over there is lent no more, whatever the keychain says.
void end_one(const Services& services, const std::shared_ptr<Logout>& logout, const AccountPtr& account) {
    auto forget = [&services, logout, account, name = account->name()](const Result<void>& revoked) {
        if (revoked)
            vault::AccountStore::end(*account);
        services.accounts.forget(account->id, [logout, account, name, revoked](const Result<void>& forgotten) {
            logout->ended.push_back(ended_object(name, *account, revoked, forgotten));
            if (--logout->left == 0)
                answer(*logout);
        });
    };
    if (account->ended)
        return forget({});
    auto work = [&services, account] {
        return server::api::Client(account->server, services.transport, services.clock, services.random)
            .revoke(account->key, account->session_id);
    };
    if (!services.workers.run(std::move(work), forget))
        forget(Error{platform::ErrorKind::failed, "the agent has too much to do"});
}

void end_all(const Services& services, const ipc::Call& call, const std::vector<AccountPtr>& accounts) {
    const auto logout = std::make_shared<Logout>(Logout{call, accounts.size(), Value::array()});
    if (accounts.empty())
        return answer(*logout);
    for (const AccountPtr& account : accounts)
        end_one(services, logout, account);
}

} // namespace

void logout(const Services& services, const ipc::Call& call) {
    const auto request = read_logout(*call.parameters);
    if (!request)
        return call.answer(request.error());
    services.accounts.when_loaded([&services, call, request = *request](const Result<void>& loaded) {
        if (!loaded)
            return call.answer(loaded.error());
        const std::vector<AccountPtr> accounts = services.accounts.all();
        if (request.all)
            return end_all(services, call, accounts);
        const auto chosen = vault::choose_account(accounts, request.account, std::nullopt);
        if (!chosen)
            return call.answer(chosen.error());
        end_all(services, call, {*chosen});
    });
}

void stop(const Services& services, const ipc::Call& call) {
    call.answer(Value::object());
    services.stop();
}

} // namespace keyfob::agent::handlers
