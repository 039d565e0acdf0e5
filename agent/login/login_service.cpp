#include "agent/login/login_service.h"

#include "agent/api/error_code.h"
#include "agent/login/caller.h"
#include "agent/login/login.h"

#include <algorithm>

namespace keyfob::agent::login {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::size_t k_id_octets = 12;
constexpr std::ptrdiff_t k_most_logins = 32;   ///< that run
constexpr std::ptrdiff_t k_most_callers = 256; ///< that wait for them

Error unknown_login() {
    return {ErrorKind::invalid, "there is no such sign-in", "", api::k_usage};
}
Error cancelled() {
    return {ErrorKind::cancelled, "the sign-in was cancelled", "", api::k_cancelled};
}
Error left_to_others() {
    return {ErrorKind::cancelled, "this command has left the sign-in, for which another one still waits", "",
            api::k_cancelled};
}

} // namespace

LoginService::LoginService(vault::AccountStore& accounts, vault::Keychain& keychain, ipc::Workers& workers,
                           const server::api::Transport& transport, const platform::Clock& clock,
                           platform::Random& random)
    : m_accounts(accounts), m_keychain(keychain), m_workers(workers), m_transport(transport), m_clock(clock),
      m_random(random) {}

LoginService::~LoginService() = default;

Result<std::shared_ptr<Login>> LoginService::enter(const LoginRequest& request) {
    const auto joined = std::find_if(m_logins.begin(), m_logins.end(),
                                     [&](const auto& login) { return !login->has_ended() && login->is_like(request); });
    const auto waiting =
        std::count_if(m_callers.begin(), m_callers.end(), [](const auto& one) { return !one.second->has_ended(); });
    const auto running =
        std::count_if(m_logins.begin(), m_logins.end(), [](const auto& login) { return !login->has_ended(); });
    if (waiting >= k_most_callers || (joined == m_logins.end() && running >= k_most_logins))
        return Error{ErrorKind::failed, "too many sign-ins run at once", "finish or cancel one", api::k_failed};
    if (joined != m_logins.end())
        return *joined;
    auto login = std::make_shared<Login>(*this, request);
    m_logins.insert(login);
    return login;
}

void LoginService::start(const LoginRequest& request, const std::shared_ptr<ipc::Connection>& owner, Started started) {
    const auto login = enter(request);
    if (!login)
        return started(login.error());
    const std::string id = m_random.token(k_id_octets);
    auto told = [this, id, started = std::move(started)](const Result<StartedLogin>& result) {
        if (!result)
            m_callers.erase(id); // nobody knows its id
        started(result);
    };
    const auto caller = std::make_shared<Caller>(id, request, owner.get(), std::move(told));
    m_callers[id] = caller;
    owner->when_closed([this, id] { forget(id); });
    (*login)->join(caller);
}

std::shared_ptr<Caller> LoginService::find(const std::string& id) const {
    const auto found = m_callers.find(id);
    return found == m_callers.end() ? nullptr : found->second;
}

void LoginService::wait(const std::string& id, Finished finished) {
    const auto caller = find(id);
    if (!caller)
        return finished(unknown_login());
    caller->wait(std::move(finished));
}

void LoginService::await_browser(const std::string& id, Reached reached) {
    if (const auto caller = find(id))
        caller->await_browser(std::move(reached));
}

Result<void> LoginService::cancel(const std::string& id) {
    const auto caller = find(id);
    if (!caller)
        return unknown_login();
    if (const auto login = caller->login())
        login->leave(caller, login->is_shared() ? left_to_others() : cancelled());
    return {};
}

Result<void> LoginService::check_owner(const std::string& id, const ipc::Connection* connection) const {
    const auto caller = find(id);
    return caller && caller->connection() == connection ? Result<void>() : Result<void>(unknown_login());
}

void LoginService::forget(const std::string& id) {
    const auto node = m_callers.extract(id);
    if (node.empty())
        return;
    const auto caller = node.mapped();
    caller->disconnect();
    if (const auto login = caller->login())
        login->leave(caller, {ErrorKind::cancelled, "the command has gone", "", api::k_cancelled});
}

} // namespace keyfob::agent::login
