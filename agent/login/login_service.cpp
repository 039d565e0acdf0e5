#include "agent/login/login_service.h"

#include "agent/api/error_code.h"
#include "agent/login/login.h"

#include <algorithm>

namespace keyfob::agent::login {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::size_t k_id_octets = 12;
constexpr std::ptrdiff_t k_most_logins = 32; ///< that run

Error unknown_login() {
    return {ErrorKind::invalid, "there is no such sign-in", "", api::k_usage};
}

} // namespace

LoginService::LoginService(vault::AccountStore& accounts, vault::Keychain& keychain, ipc::Workers& workers,
                           const server::api::Transport& transport, const platform::Clock& clock,
                           platform::Random& random)
    : m_accounts(accounts), m_keychain(keychain), m_workers(workers), m_transport(transport), m_clock(clock),
      m_random(random) {}

LoginService::~LoginService() = default;

void LoginService::start(const LoginRequest& request, const std::shared_ptr<ipc::Connection>& owner, Started started) {
    const auto running =
        std::count_if(m_logins.begin(), m_logins.end(), [](const auto& one) { return !one.second->has_ended(); });
    if (running >= k_most_logins)
        return started(
            Error{ErrorKind::failed, "too many sign-ins run at once", "finish or cancel one", api::k_failed});
    const std::string id = m_random.token(k_id_octets);
    const auto login = std::make_shared<Login>(*this, request, id);
    m_logins[id] = login;
    m_owners[id] = owner.get();
    owner->when_closed([this, id] { forget(id); });
    login->start([this, id, started = std::move(started)](const Result<StartedLogin>& result) {
        if (!result) { // nobody knows its id
            m_logins.erase(id);
            m_owners.erase(id);
        }
        started(result);
    });
}

void LoginService::wait(const std::string& id, Finished finished) {
    const auto found = m_logins.find(id);
    if (found == m_logins.end())
        return finished(unknown_login());
    found->second->wait(std::move(finished));
}

Result<void> LoginService::cancel(const std::string& id) {
    const auto found = m_logins.find(id);
    if (found == m_logins.end())
        return unknown_login();
    found->second->abandon({ErrorKind::cancelled, "the sign-in was cancelled", "", api::k_cancelled});
    return {};
}

Result<void> LoginService::check_owner(const std::string& id, const ipc::Connection* connection) const {
    const auto found = m_owners.find(id);
    return found != m_owners.end() && found->second == connection ? Result<void>() : Result<void>(unknown_login());
}

void LoginService::forget(const std::string& id) {
    m_owners.erase(id);
    const auto node = m_logins.extract(id);
    if (node.empty())
        return;
    node.mapped()->release();
    if (node.mapped()->is_listening())
        m_released[id] = node.mapped();
}

} // namespace keyfob::agent::login
