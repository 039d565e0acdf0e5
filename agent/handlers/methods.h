#pragma once

#include "agent/ipc/main_loop.h"
#include "agent/ipc/server.h"
#include "agent/login/login_service.h"
#include "agent/vault/account_store.h"
#include "agent/vault/renewer.h"
#include "platform/clock.h"
#include "platform/random.h"
#include "server/api/client.h"

#include <functional>
#include <span>
#include <string>

namespace keyfob::agent::handlers {

/// Everything that a method may use; made once by the composition root. Main loop thread only.
struct Services {
    std::string socket_path;
    vault::Keychain& keychain;
    vault::AccountStore& accounts;
    vault::Renewer& renewer;
    login::LoginService& logins;
    ipc::Workers& workers;
    const server::api::Transport& transport;
    const platform::Clock& clock;
    platform::Random& random;
    std::function<void()> stop; ///< ends the agent, soon
};

using Handler = void (*)(const Services&, const ipc::Call&);

/// Who may call: every method is for the socket's own user, whose processes are not kept apart; the column says what else must hold.
enum class Caller {
    anyone,     ///< any process of the user
    login_owner ///< only the connection of the login.start that gave out the id; for others the id is unknown
};

struct Method {
    const char* name;
    Caller caller;
    Handler handler;
    const char* summary;
};

/// Every method of the agent: at once the dispatcher and the documentation (with PROTOCOL.md).
[[nodiscard]] std::span<const Method> methods();
void dispatch(const Services& services, ipc::Call call);

// One file each, named after the method.
void hello(const Services& services, const ipc::Call& call);
void login_start(const Services& services, const ipc::Call& call);
void login_wait(const Services& services, const ipc::Call& call);
void login_reached(const Services& services, const ipc::Call& call);
void login_cancel(const Services& services, const ipc::Call& call);
void hand_out(const Services& services, const ipc::Call& call);
void status(const Services& services, const ipc::Call& call);
void logout(const Services& services, const ipc::Call& call);
void sessions_list(const Services& services, const ipc::Call& call);
void sessions_revoke(const Services& services, const ipc::Call& call);
void stop(const Services& services, const ipc::Call& call);

} // namespace keyfob::agent::handlers
