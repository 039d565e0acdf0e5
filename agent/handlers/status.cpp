#include "agent/api/error_code.h"
#include "agent/handlers/account_object.h"
#include "agent/handlers/methods.h"

#include <unistd.h>

namespace keyfob::agent::handlers {
namespace {

using platform::Result;
using platform::json::make_object;
using platform::json::Value;

std::string keychain_state(const Result<void>& probed) {
    if (probed)
        return "ready";
    const std::string& code = probed.error().code;
    if (code == api::k_keychain_locked)
        return "locked";
    if (code == api::k_timed_out)
        return "timed_out";
    return code == api::k_keychain_denied ? "denied" : "unreachable";
}

Value status_object(const Services& services, const Result<void>& keychain) {
    Value accounts = Value::array();
    for (const auto& account : services.accounts.all())
        accounts.push_back(account_object(*account));
    return make_object("agent",
                       make_object("version", KEYFOB_VERSION, "pid", ::getpid(), "socket", services.socket_path), //
                       "keychain",
                       make_object("tier", services.keychain.tier(), "state", keychain_state(keychain), "detail",
                                   keychain ? "" : keychain.error().message), //
                       "accounts", std::move(accounts));
}

} // namespace

/// Never an error for the keychain's sake: what is wrong with it is what the person wants to see.
void status(const Services& services, const ipc::Call& call) {
    services.accounts.when_loaded([&services, call](const Result<void>& loaded) {
        if (!loaded)
            return call.answer(status_object(services, loaded));
        services.keychain.probe(
            [&services, call](const Result<void>& probed) { call.answer(status_object(services, probed)); });
    });
}

} // namespace keyfob::agent::handlers
