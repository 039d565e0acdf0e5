#include "agent/api/error_code.h"
#include "agent/handlers/methods.h"
#include "agent/vault/account_choice.h"
#include "platform/json.h"
#include "server/api/client.h"

#include <Poco/JSON/Array.h>

#include <memory>

namespace keyfob::agent::handlers {
namespace {

using platform::Error;
using platform::Result;
using vault::AccountPtr;
namespace json = platform::json;
using Poco::JSON::Array;
using Poco::JSON::Object;

/// Collects what became of each account, and answers when the last is done.
struct Logout {
    ipc::Call call;
    std::size_t left = 0;
    Array ended;
    std::optional<Error> keychain_error;
};

void report(const std::shared_ptr<Logout>& logout, const vault::Account& account, const Result<void>& revoked,
            const Result<void>& forgotten) {
    Object::Ptr object(new Object(Poco::JSON_PRESERVE_KEY_ORDER));
    object->set("account", account.name());
    object->set("server", account.server.text());
    object->set("revoked", revoked.has_value());
    object->set("detail", revoked ? std::string() : revoked.error().message);
    logout->ended.add(object);
    if (!forgotten)
        logout->keychain_error = forgotten.error();
    if (--logout->left > 0)
        return;
    if (logout->keychain_error)
        return logout->call.answer(*logout->keychain_error);
    Object::Ptr result(new Object);
    result->set("ended", logout->ended);
    logout->call.answer(result);
}

/// AG-13: at the server first; forgotten here whatever the server says.
void end_one(const Services& services, const std::shared_ptr<Logout>& logout, const AccountPtr& account) {
    auto forget = [&services, logout, account](const Result<void>& revoked) {
        services.accounts.forget(account->id, [logout, account, revoked](const Result<void>& forgotten) {
            report(logout, *account, revoked, forgotten);
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

} // namespace

void logout(const Services& services, const ipc::Call& call) {
    services.accounts.when_loaded([&services, call](const Result<void>& loaded) {
        if (!loaded)
            return call.answer(loaded.error());
        std::vector<AccountPtr> accounts = services.accounts.all();
        if (!json::get_bool(*call.parameters, "all").value_or(false)) {
            const auto chosen = vault::choose_account(
                accounts, json::get_string(*call.parameters, "account").value_or(""), std::nullopt);
            if (!chosen)
                return call.answer(chosen.error());
            accounts = {*chosen};
        }
        const auto logout = std::make_shared<Logout>();
        logout->call = call;
        logout->left = accounts.size();
        if (accounts.empty()) {
            Object::Ptr result(new Object);
            result->set("ended", Array());
            return call.answer(result);
        }
        for (const AccountPtr& account : accounts)
            end_one(services, logout, account);
    });
}

void stop(const Services& services, const ipc::Call& call) {
    call.answer(Object::Ptr(new Object));
    services.stop();
}

} // namespace keyfob::agent::handlers
