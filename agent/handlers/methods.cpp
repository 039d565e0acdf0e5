#include "agent/handlers/methods.h"

#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "agent/handlers/parameters.h"
#include "platform/encoding.h"

#include <algorithm>
#include <array>

namespace keyfob::agent::handlers {

namespace {
// clang-format off
constexpr std::array k_methods{
    Method{api::k_hello,          Caller::anyone,      hello,         "versions of both sides, and what the agent can do"},
    Method{api::k_login_start,    Caller::anyone,      login_start,   "begin to sign in at a server, or join who does"},
    Method{api::k_login_wait,     Caller::login_owner, login_wait,    "wait for the end of a sign-in"},
    Method{api::k_login_reached,  Caller::login_owner, login_reached, "wait until a browser has come"},
    Method{api::k_login_cancel,   Caller::login_owner, login_cancel,  "leave a sign-in, which ends it unless others wait for it"},
    Method{api::k_hand_out,       Caller::anyone,      hand_out,      "the headers for one request"},
    Method{api::k_status,         Caller::anyone,      status,        "the agent, the keychain, the accounts"},
    Method{api::k_logout,         Caller::anyone,      logout,        "end sessions at their servers and forget them"},
    Method{api::k_sessions_list,   Caller::anyone,     sessions_list, "the devices that are signed in as the same person"},
    Method{api::k_sessions_revoke, Caller::anyone,     sessions_revoke, "end some of their sessions"},
    Method{api::k_stop,           Caller::anyone,      stop,          "end the agent"},
};
// clang-format on
} // namespace

std::span<const Method> methods() {
    return k_methods;
}

void dispatch(const Services& services, ipc::Call call) {
    const auto* found = std::find_if(k_methods.begin(), k_methods.end(),
                                     [&](const Method& method) { return method.name == call.method; });
    if (found == k_methods.end())
        return call.answer(platform::Error{platform::ErrorKind::invalid,
                                           "there is no method " + platform::printable(call.method, 64),
                                           "is the agent older than the command? restart it", api::k_usage});
    if (found->caller == Caller::login_owner)
        if (const auto owner = services.logins.check_owner(login_id(*call.parameters), call.connection.get()); !owner)
            return call.answer(owner.error());
    found->handler(services, call);
}

} // namespace keyfob::agent::handlers
