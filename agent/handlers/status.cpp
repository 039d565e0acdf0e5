#include "agent/api/error_code.h"
#include "agent/handlers/account_object.h"
#include "agent/handlers/methods.h"

#include <Poco/JSON/Array.h>

#include <unistd.h>

namespace keyfob::agent::handlers {
namespace {

using platform::Result;
using Poco::JSON::Array;
using Poco::JSON::Object;

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

Object::Ptr status_object(const Services& services, const Result<void>& keychain) {
    Object::Ptr agent(new Object(Poco::JSON_PRESERVE_KEY_ORDER));
    agent->set("version", KEYFOB_VERSION);
    agent->set("pid", static_cast<int>(::getpid()));
    agent->set("socket", services.socket_path);
    Object::Ptr vault(new Object(Poco::JSON_PRESERVE_KEY_ORDER));
    vault->set("tier", services.keychain.tier());
    vault->set("state", keychain_state(keychain));
    vault->set("detail", keychain ? std::string() : keychain.error().message);
    Array accounts;
    for (const auto& account : services.accounts.all())
        accounts.add(account_object(*account));
    Object::Ptr object(new Object(Poco::JSON_PRESERVE_KEY_ORDER));
    object->set("agent", agent);
    object->set("keychain", vault);
    object->set("accounts", accounts);
    return object;
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
