#include "agent/login/login.h"

#include "agent/api/error_code.h"
#include "agent/login/device_description.h"
#include "platform/log.h"

#include <algorithm>
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
Error too_busy() {
    return {ErrorKind::failed, "the agent has too much to do", "try again", api::k_failed};
}
Error other_port(std::uint16_t port) {
    return {ErrorKind::invalid, "a sign-in to this server is waiting already, on port " + std::to_string(port),
            "leave --port out to join it, or end it first: Ctrl-C in its terminal", api::k_usage};
}

} // namespace

Login::Login(LoginService& service, LoginRequest request) : m_service(service), m_request(std::move(request)) {}

void Login::join(const CallerPtr& caller) {
    const bool is_first = m_callers.empty();
    m_callers.push_back(caller);
    caller->set_login(shared_from_this());
    if (is_waiting())
        announce(caller);
    else if (is_first)
        start();
}

void Login::start() {
    // The keychain first: nothing shall be begun whose end could not be kept.
    m_service.m_keychain.probe([weak = weak_from_this()](const Result<void>& probed) {
        const auto self = weak.lock();
        if (!self || self->m_outcome)
            return;
        if (!probed)
            return self->finish(probed.error());
        self->discover();
    });
}

void Login::discover() {
    auto work = [server = m_request.server, &service = m_service] {
        return server_api::Client(server, service.m_transport, service.m_clock, service.m_random).discover();
    };
    const bool taken = m_service.m_workers.run(std::move(work), [weak = weak_from_this()](const Result<void>& found) {
        const auto self = weak.lock();
        if (!self || self->m_outcome)
            return;
        if (!found)
            return self->finish(Error{found.error().kind, found.error().message, found.error().hint, api::k_failed});
        if (self->m_request.by_device_grant)
            self->ask_for_code();
        else if (const auto listening = self->listen(); !listening)
            self->finish(listening.error());
    });
    if (!taken)
        finish(too_busy());
}

void Login::ask_for_code() {
    const DeviceDescription device = describe_device();
    m_device_flow = std::make_shared<DeviceFlow>(
        DeviceFlowOptions{m_request.server, m_request.device_name.empty() ? device.name : m_request.device_name,
                          device.os},
        events(), m_service.m_transport, m_service.m_clock, m_service.m_random);
    m_cancel_flow = [flow = m_device_flow] { flow->cancel(); };
    auto work = [flow = m_device_flow] { return flow->begin(); };
    const bool taken =
        m_service.m_workers.run(std::move(work), [weak = weak_from_this()](const Result<DeviceCode>& code) {
            const auto self = weak.lock();
            if (!self || self->m_outcome)
                return;
            if (!code)
                return self->finish(Error{code.error().kind, code.error().message, code.error().hint, api::k_failed});
            self->m_code = *code;
            self->start_waiting(std::min(self->m_request.timeout, code->expires_in));
            self->poll_after(code->interval);
        });
    if (!taken)
        finish(too_busy());
}

void Login::poll_after(std::chrono::seconds pause) {
    m_poll_timer.start(pause, [weak = weak_from_this()] {
        if (const auto self = weak.lock(); self && !self->m_outcome)
            self->poll();
    });
}

void Login::poll() {
    const bool taken = m_service.m_workers.run([flow = m_device_flow] { return flow->poll(); },
                                               [weak = weak_from_this()](std::optional<std::chrono::seconds> pause) {
                                                   if (const auto self = weak.lock(); self && !self->m_outcome && pause)
                                                       self->poll_after(*pause);
                                               });
    if (!taken)
        poll_after(m_code->interval);
}

Result<void> Login::listen() {
    auto listener = LoopbackListener::open(m_request.port, m_service.m_random);
    if (!listener)
        return Error{ErrorKind::failed, listener.error().message, "choose another --port, or leave it out",
                     api::k_failed};
    m_listener = std::move(*listener);
    const DeviceDescription device = describe_device();
    const auto flow = std::make_shared<LoginFlow>(
        FlowOptions{m_request.server, m_listener->redirect_uri(),
                    m_request.device_name.empty() ? device.name : m_request.device_name, device.os},
        events(), m_service.m_transport, m_service.m_clock, m_service.m_random);
    m_cancel_flow = [flow] { flow->cancel(); };
    const auto later = [weak = weak_from_this()](void (Login::*action)()) {
        ipc::run_on_main_loop([weak, action] {
            if (const auto self = weak.lock())
                (self.get()->*action)();
        });
    };
    m_listener->when_reached([later] { later(&Login::set_reached); });
    m_listener->serve(flow, [later] { later(&Login::close_listener); });
    start_waiting(m_request.timeout);
    return {};
}

void Login::start_waiting(std::chrono::seconds patience) {
    m_ends_at = m_service.m_clock.steady_now() + patience;
    m_timer.start(patience, [weak = weak_from_this()] {
        if (const auto self = weak.lock())
            self->abandon(timed_out());
    });
    for (const auto& caller : std::vector<CallerPtr>(m_callers)) // some may leave
        announce(caller);
}

/// The first to hear of it is the one that opens a browser.
void Login::announce(const CallerPtr& caller) {
    if (caller->has_ended())
        return;
    const std::uint16_t wanted = caller->request().port;
    if (m_listener && wanted != 0 && wanted != m_listener->port())
        return leave(caller, other_port(m_listener->port()));
    const auto left = std::chrono::ceil<std::chrono::seconds>(m_ends_at - m_service.m_clock.steady_now());
    const auto patience = std::min(caller->request().timeout, std::max(left, std::chrono::seconds(0)));
    if (patience < left) // otherwise the end of the sign-in is sooner
        caller->start_timer(patience, [weak = weak_from_this(), late = std::weak_ptr<Caller>(caller)] {
            const auto self = weak.lock();
            if (const auto one = late.lock(); self && one)
                self->leave(one, timed_out());
        });
    if (m_is_reached)
        caller->set_reached();
    caller->tell({caller->id(), m_listener ? m_listener->start_url() : "", m_code ? m_code->verification_uri : "",
                  m_code ? m_code->user_code : "", patience, std::exchange(m_is_announced, true)});
}

void Login::set_reached() {
    m_is_reached = true;
    for (const auto& caller : std::vector<CallerPtr>(m_callers))
        caller->set_reached();
}

void Login::leave(CallerPtr caller, const Error& error) {
    std::erase(m_callers, caller);
    const bool was_last = m_callers.empty();
    caller->end(error);
    if (was_last && !m_outcome)
        abandon(error);
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

void Login::finish(const Result<AccountPtr>& outcome) {
    if (m_outcome)
        return;
    m_outcome = outcome;
    m_keeping->decide(given_up()); // unless it was
    if (outcome &&
        m_listener) // the browser still has to fetch its last page; then, or when it does not come, the listener goes
        m_timer.start(k_last_page_wait, [weak = weak_from_this()] {
            if (const auto self = weak.lock())
                self->close_listener();
        });
    else
        close_listener(); // which lets the page be sent that says why
    for (const auto& caller : std::exchange(m_callers, {}))
        caller->end(outcome);
}

void Login::abandon(const Error& error) {
    if (m_cancel_flow) {
        const bool taken = m_service.m_workers.run(
            [cancel = m_cancel_flow] {
                cancel();
                return true;
            },
            [](bool) {});
        if (!taken)
            platform::log::info("cancel_not_delivered", {{"reason", "too much to do"}});
    }
    finish(error);
}

void Login::close_listener() {
    const auto keep = shared_from_this();
    m_service.m_logins.erase(keep);
    m_timer.cancel();
    m_poll_timer.cancel();
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
