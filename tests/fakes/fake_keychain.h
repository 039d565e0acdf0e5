#pragma once

#include "agent/api/error_code.h"
#include "agent/vault/keychain.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace keyfob::fakes {

/// A keychain in memory that answers at once, or with the error that a test sets, or when the test says so.
class FakeKeychain final : public agent::vault::Keychain {
public:
    std::multimap<std::string, std::string> secrets; ///< by item id, of which the real one may have several
    std::map<std::string, std::string> labels;       ///< by item id
    std::optional<platform::Error> failure;          ///< of every call
    std::optional<platform::Error> store_failure;
    std::optional<platform::Error> erase_failure;
    bool takes_late = false; ///< a store that fails by store_failure comes to pass all the same
    bool holds = false;      ///< answers nothing until release()
    int loads = 0;
    int stores = 0;

    void load_all(Callback<std::vector<agent::vault::KeychainItem>> done) override {
        answer([this, done = std::move(done)] {
            ++loads;
            if (failure)
                return done(*failure);
            std::vector<agent::vault::KeychainItem> items;
            for (const auto& [id, secret] : secrets)
                items.push_back({id, "label", {}, platform::SecretString(secret)});
            done(std::move(items));
        });
    }
    void store(agent::vault::KeychainItem item, Callback<void> done) override {
        answer([this, id = item.id, label = item.label, secret = std::string(item.secret.reveal()),
                done = std::move(done)] {
            const auto& error = failure ? failure : store_failure;
            if (!error || takes_late) {
                ++stores;
                secrets.erase(id);
                secrets.emplace(id, secret);
                labels[id] = label;
            }
            done(error ? platform::Result<void>(*error) : platform::Result<void>());
        });
    }
    void erase(const std::string& id, Callback<void> done) override {
        answer([this, id, done = std::move(done)] {
            if (const auto& error = failure ? failure : erase_failure; error)
                return done(*error);
            secrets.erase(id);
            done({});
        });
    }
    void probe(Callback<void> done) override {
        answer([this, done = std::move(done)] {
            done(failure ? platform::Result<void>(*failure) : platform::Result<void>());
        });
    }
    [[nodiscard]] std::string tier() const override { return "fake"; }

    /// Answers what was held, in order, and holds no more.
    void release() {
        holds = false;
        for (const auto& one : std::exchange(m_held, {}))
            one();
    }
    [[nodiscard]] std::size_t held() const { return m_held.size(); }

private:
    void answer(std::function<void()> action) {
        if (holds)
            return m_held.push_back(std::move(action));
        action();
    }

    std::vector<std::function<void()>> m_held;
};

/// The ways in which a keychain gives nothing, by the words of the protocol.
[[nodiscard]] inline std::vector<platform::Error> keychain_failures() {
    using platform::ErrorKind;
    return {{ErrorKind::locked, "the keychain is locked", "unlock it", agent::api::k_keychain_locked},
            {ErrorKind::unreachable, "no keychain can be reached", "start one", agent::api::k_keychain_unreachable},
            {ErrorKind::timed_out, "the keychain did not answer", "look at it", agent::api::k_timed_out},
            {ErrorKind::denied, "the keychain refused", "look into it", agent::api::k_keychain_denied}};
}

} // namespace keyfob::fakes
