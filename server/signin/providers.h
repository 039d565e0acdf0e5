#pragma once

#include "server/signin/identity_provider.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <vector>

namespace keyfob::server::signin {

/// The configured providers, in the order of the configuration. Fixed after the start; thread-safe.
class Providers {
public:
    explicit Providers(std::vector<std::unique_ptr<IdentityProvider>> providers) : m_providers(std::move(providers)) {}

    [[nodiscard]] IdentityProvider* find(std::string_view id) const {
        const auto found =
            std::find_if(m_providers.begin(), m_providers.end(), [&](const auto& p) { return p->id() == id; });
        return found == m_providers.end() ? nullptr : found->get();
    }
    [[nodiscard]] const std::vector<std::unique_ptr<IdentityProvider>>& all() const { return m_providers; }

private:
    std::vector<std::unique_ptr<IdentityProvider>> m_providers;
};

} // namespace keyfob::server::signin
