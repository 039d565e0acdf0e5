#pragma once

#include "platform/result.h"
#include "platform/secret_string.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace keyfob::agent::vault {

/// One account as the keychain keeps it. `attributes` are readable by anybody who may look into the keychain (server, user name);
/// the secret is the account's keys and cookie.
struct KeychainItem {
    std::string id;    ///< the attribute that makes the item unique: storing the same id again replaces it
    std::string label; ///< what a person sees in the keychain's own program
    std::map<std::string, std::string> attributes;
    platform::SecretString secret;
};

/// The operating system's keychain. Nothing here blocks: every call returns at once and answers through its callback exactly once, later, on
/// the GLib main context that was the thread's default when the keychain was made, at the latest when the deadline passes.
/// Error codes: "keychain_locked", "keychain_unreachable", "timed_out", "keychain_denied"; nothing else says that an account is gone.
/// One thread only (the main loop's).
class Keychain {
public:
    template <typename T> using Callback = std::function<void(platform::Result<T>)>;
    virtual ~Keychain() = default; ///< cancels what runs; callbacks that were not called yet are dropped
    virtual void load_all(Callback<std::vector<KeychainItem>> done) = 0;
    virtual void store(KeychainItem item, Callback<void> done) = 0;
    virtual void erase(const std::string& id, Callback<void> done) = 0; ///< success too when it was not there
    /// Whether an item could be stored now: the default collection exists and is not locked. Writes nothing.
    virtual void probe(Callback<void> done) = 0;
    [[nodiscard]] virtual std::string tier() const = 0; ///< "secret-service"
};

/// The Secret Service through libsecret's asynchronous calls, schema org.keyfob.Account (attributes: id, server, user). Never asks
/// D-Bus to start a bus of its own. `deadline` bounds each call.
[[nodiscard]] std::unique_ptr<Keychain>
make_secret_service_keychain(std::chrono::milliseconds deadline = std::chrono::seconds{3});

} // namespace keyfob::agent::vault
