#include "agent/api/error_code.h"
#include "agent/handlers/account_object.h"
#include "agent/handlers/methods.h"
#include "agent/handlers/parameters.h"
#include "agent/vault/account_choice.h"
#include "server/api/client.h"
#include "server/api/routes.h"

#include <functional>

namespace keyfob::agent::handlers {
namespace {

using platform::Error;
using platform::Result;
using platform::json::make_object;
using platform::json::Value;
using vault::AccountPtr;

Value object_of(const server::api::SessionInfo& session) {
    return make_object("id", session.name,                 //
                       "device_name", session.device_name, //
                       "device_os", session.device_os,     //
                       "address", session.address,         //
                       "class", session.session_class,     //
                       "key", session.key_kind,            //
                       "created_at", session.created_at,   //
                       "renewed_at", session.renewed_at,   //
                       "expires_at", session.expires_at,   //
                       "current", session.current);
}

/// What the server's error means here. Only its own word ends an account (SE-11).
Error told(const Services& services, const AccountPtr& account, const Error& error) {
    if (error.code == server::api::k_error_session_ended) {
        services.accounts.mark_ended(*account);
        return {error.kind, "the session has ended", KEYFOB_CLI_NAME " login " + account->server.text(),
                api::k_sign_in_needed};
    }
    if (error.code == server::api::k_error_unknown_session)
        return {error.kind, error.message,
                KEYFOB_CLI_NAME " sessions shows all of them; six letters of an ID are needed", api::k_usage};
    return {error.kind, error.message, error.hint, api::k_failed};
}

/// Asks the account's server on a worker thread, and answers on the main loop.
template <typename Answer>
void ask(const Services& services, const ipc::Call& call, const AccountPtr& account,
         std::function<Result<Answer>(server::api::Client&)> question, std::function<void(const Answer&)> answer) {
    if (account->ended)
        return call.answer(Error{platform::ErrorKind::denied, "the session has ended",
                                 KEYFOB_CLI_NAME " login " + account->server.text(), api::k_sign_in_needed});
    auto work = [&services, account, question = std::move(question)] {
        server::api::Client client(account->server, services.transport, services.clock, services.random);
        return question(client);
    };
    const bool taken = services.workers.run(
        std::move(work), [&services, call, account, answer = std::move(answer)](const Result<Answer>& result) {
            if (!result)
                return call.answer(told(services, account, result.error()));
            answer(*result);
        });
    if (!taken)
        call.answer(Error{platform::ErrorKind::failed, "the agent has too much to do", "try again", api::k_failed});
}

/// Runs `then` with the account that the parameters mean.
void with_account(const Services& services, const ipc::Call& call, std::function<void(const AccountPtr&)> then) {
    const auto name = string_parameter(*call.parameters, "account");
    if (!name)
        return call.answer(name.error());
    services.accounts.when_loaded([&services, call, name = *name, then = std::move(then)](const Result<void>& loaded) {
        if (!loaded)
            return call.answer(loaded.error());
        const auto chosen = vault::choose_account(services.accounts.all(), name, std::nullopt);
        if (!chosen)
            return call.answer(chosen.error());
        then(*chosen);
    });
}

} // namespace

void sessions_list(const Services& services, const ipc::Call& call) {
    using Sessions = std::vector<server::api::SessionInfo>;
    with_account(services, call, [&services, call](const AccountPtr& account) {
        ask<Sessions>(
            services, call, account,
            [account](server::api::Client& client) { return client.list_sessions(account->key, account->session_id); },
            [call, account](const Sessions& sessions) {
                Value list = Value::array();
                for (const auto& session : sessions)
                    list.push_back(object_of(session));
                call.answer(make_object("account", account_object(*account), "sessions", std::move(list)));
            });
    });
}

void sessions_revoke(const Services& services, const ipc::Call& call) {
    const auto id = string_parameter(*call.parameters, "id");
    const auto all_others = boolean_parameter(*call.parameters, "all_others", false);
    if (!id || !all_others)
        return call.answer(!id ? id.error() : all_others.error());
    if (id->empty() != *all_others)
        return call.answer(
            Error{platform::ErrorKind::invalid, "which sessions?", "give either id or all_others", api::k_usage});
    with_account(services, call, [&services, call, id = *id](const AccountPtr& account) {
        ask<server::api::RevokedSessions>(
            services, call, account,
            [account, id](server::api::Client& client) {
                return client.revoke_sessions(account->key, account->session_id, id);
            },
            [&services, call, account](const server::api::RevokedSessions& revoked) {
                if (revoked.current)
                    services.accounts.mark_ended(*account);
                call.answer(make_object("revoked", revoked.count, "current", revoked.current));
            });
    });
}

} // namespace keyfob::agent::handlers
