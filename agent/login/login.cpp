#include "agent/login/login.h"

#include "agent/api/error_code.h"
#include "agent/login/device_description.h"
#include "platform/log.h"

#include <utility>

namespace keyfob::agent::login {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using vault::AccountPtr;
namespace server_api = keyfob::server::api;

constexpr std::chrono::seconds k_longest_store{20};  ///< for the keychain and the main loop together
constexpr std::chrono::seconds k_last_page_wait{15}; ///< for the browser to fetch the last page

Error timed_out() {
    return {ErrorKind::timed_out, "nobody finished the sign-in in time", "start it again", api::k_timed_out};
}
Error keychain_too_late() {
    return {ErrorKind::timed_out, "the keychain did not answer in time", "", api::k_timed_out};
}
Error given_up() {
    return {ErrorKind::cancelled, "the sign-in was given up", "", api::k_cancelled};
}

} // namespace

Login::Login(LoginService& service, LoginRequest request, std::string id)
    : m_service(service), m_request(std::move(request)), m_id(std::move(id)) {}

void Login::start(LoginService::Started started) {
    // The keychain first: nothing shall be begun whose end could not be kept.
    m_service.m_keychain.probe([weak = weak_from_this(), started = std::move(started)](const Result<void>& probed) {
        const auto self = weak.lock();
        if (!self)
            return;
        if (!probed)
            return started(probed.error());
        self->discover(started);
    });
}

void Login::discover(const LoginService::Started& started) {
    auto work = [server = m_request.server, &service = m_service] {
        return server_api::Client(server, service.m_transport, service.m_clock, service.m_random).discover();
    };
    const bool taken =
        m_service.m_workers.run(std::move(work), [weak = weak_from_this(), started](const Result<void>& found) {
            const auto self = weak.lock();
            if (!self)
                return;
            if (!found)
                return started(Error{found.error().kind, found.error().message, found.error().hint, api::k_failed});
            started(self->listen());
        });
    if (!taken)
        started(Error{ErrorKind::failed, "the agent has too much to do", "try again", api::k_failed});
}

Result<StartedLogin> Login::listen() {
    auto listener = LoopbackListener::open(m_request.port, m_service.m_random);
    if (!listener)
        return Error{ErrorKind::failed, listener.error().message, "choose another --port, or leave it out",
                     api::k_failed};
    m_listener = std::move(*listener);
    const DeviceDescription device = describe_device();
    m_flow = std::make_shared<LoginFlow>(
        FlowOptions{m_request.server, m_listener->redirect_uri(),
                    m_request.device_name.empty() ? device.name : m_request.device_name, device.os},
        events(), m_service.m_transport, m_service.m_clock, m_service.m_random);
    m_listener->serve(m_flow, [weak = weak_from_this()] {
        ipc::run_on_main_loop([weak] {
            if (const auto self = weak.lock())
                self->close_listener();
        });
    });
    m_timer.start(m_request.timeout, [weak = weak_from_this()] {
        if (const auto self = weak.lock())
            self->abandon(timed_out());
    });
    return StartedLogin{m_id, m_listener->start_url(), m_request.timeout};
}

Login::~Login() {
    m_keeping->decide(given_up()); // the listener goes with us, and waits for the page that waits for this
}

/// The flow calls these on threads of the listener.
FlowEvents Login::events() {
    FlowEvents events;
    events.store = [weak = weak_from_this(), keeping = m_keeping](server_api::SessionGrant grant,
                                                                  const platform::jose::EcKey& key) {
        auto shared_grant = std::make_shared<server_api::SessionGrant>(std::move(grant));
        ipc::run_on_main_loop([weak, shared_grant, key] {
            if (const auto self = weak.lock(); self && !self->m_outcome)
                self->store(std::move(*shared_grant), key);
        });
        return keeping->wait(k_longest_store, keychain_too_late());
    };
    events.fail = [weak = weak_from_this()](const Error& error) {
        ipc::run_on_main_loop([weak, error] {
            if (const auto self = weak.lock())
                self->finish(error);
        });
    };
    return events;
}

void Login::store(server_api::SessionGrant grant, const platform::jose::EcKey& key) {
    vault::Account account =
        vault::make_account(m_request.server, std::move(grant), key, platform::to_unix(m_service.m_clock.now()));
    const std::string id = account.id;
    auto& accounts = m_service.m_accounts;
    accounts.add(std::move(account), [weak = weak_from_this(), keeping = m_keeping, &accounts,
                                      id](const Result<AccountPtr>& replaced) {
        if (!replaced)
            return void(keeping->decide(replaced.error()));
        const AccountPtr added = accounts.find(id);
        const auto self = weak.lock();
        if (self && self->m_listener)
            self->m_listener->set_account(added->name()); // before the browser is sent to ask for it
        if (!keeping->decide({}) || !self) // given up while the keychain was writing; the flow revokes the session
            return accounts.take_back(added, *replaced);
        self->retire(*replaced, *added);
        self->finish(added);
    });
}

/// SE-02: the session before this one ends with it.
void Login::retire(const AccountPtr& replaced, const vault::Account& by) {
    if (!replaced || replaced->ended || replaced->session_id == by.session_id)
        return;
    auto work = [replaced, &service = m_service] {
        return server_api::Client(replaced->server, service.m_transport, service.m_clock, service.m_random)
            .revoke(replaced->key, replaced->session_id);
    };
    const bool taken = m_service.m_workers.run(std::move(work), [](const Result<void>& revoked) {
        if (!revoked)
            platform::log::info("old_session_not_revoked", {{"reason", revoked.error().message}});
    });
    if (!taken)
        platform::log::info("old_session_not_revoked", {{"reason", "too much to do"}});
}

void Login::wait(LoginService::Finished finished) {
    if (m_outcome)
        return finished(*m_outcome);
    m_waiting.push_back(std::move(finished));
}

void Login::finish(const Result<AccountPtr>& outcome) {
    if (m_outcome)
        return;
    m_outcome = outcome;
    m_keeping->decide(given_up()); // unless it was
    if (outcome) // the browser still has to fetch its last page; then, or when it does not come, the listener goes
        m_timer.start(k_last_page_wait, [weak = weak_from_this()] {
            if (const auto self = weak.lock())
                self->close_listener();
        });
    else
        close_listener(); // which lets the page be sent that says why
    for (const auto& finished : std::exchange(m_waiting, {}))
        finished(outcome);
}

void Login::abandon(const Error& error) {
    if (!m_outcome && m_flow) {
        const bool taken = m_service.m_workers.run(
            [flow = m_flow] {
                flow->cancel();
                return true;
            },
            [](bool) {});
        if (!taken)
            platform::log::info("cancel_not_delivered", {{"reason", "too much to do"}});
    }
    finish(error);
    close_listener();
}

void Login::release() {
    if (!m_outcome)
        abandon({ErrorKind::cancelled, "the command has gone", "", api::k_cancelled});
}

void Login::close_listener() {
    const auto keep = shared_from_this();
    m_service.m_released.erase(m_id);
    m_timer.cancel();
    if (!m_listener)
        return;
    // stop() waits for pages that are being sent; not on the main loop.
    auto stop = [listener = std::move(m_listener)] {
        listener->stop();
        return true;
    };
    m_listener = nullptr;
    if (!m_service.m_workers.run(std::move(stop), [](bool) {}))
        platform::log::warning("listener_not_closed");
}

} // namespace keyfob::agent::login
