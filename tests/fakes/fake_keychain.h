#pragma once

#include "agent/api/error_code.h"
#include "agent/vault/keychain.h"

#include <map>
#include <optional>
#include <string>

namespace keyfob::fakes {

/// A keychain in memory that answers at once, or with the error that a test sets.
class FakeKeychain final : public agent::vault::Keychain {
public:
    std::map<std::string, std::string> secrets; ///< by item id
    std::optional<platform::Error> failure;
    int stores = 0;

    void load_all(Callback<std::vector<agent::vault::KeychainItem>> done) override {
        if (failure)
            return done(*failure);
        std::vector<agent::vault::KeychainItem> items;
        for (const auto& [id, secret] : secrets)
            items.push_back({id, "label", {}, platform::SecretString(secret)});
        done(std::move(items));
    }
    void store(agent::vault::KeychainItem item, Callback<void> done) override {
        if (failure)
            return done(*failure);
        ++stores;
        secrets[item.id] = std::string(item.secret.reveal());
        done({});
    }
    void erase(const std::string& id, Callback<void> done) override {
        if (failure)
            return done(*failure);
        secrets.erase(id);
        done({});
    }
    void probe(Callback<void> done) override {
        done(failure ? platform::Result<void>(*failure) : platform::Result<void>());
    }
    [[nodiscard]] std::string tier() const override { return "fake"; }
};

} // namespace keyfob::fakes
