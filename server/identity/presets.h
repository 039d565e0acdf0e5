#pragma once

#include "platform/result.h"

#include <span>
#include <string>
#include <string_view>

namespace keyfob::server::identity {

/// What we know of a kind of provider, so that an operator need not. docs/providers.md tells the operator's part.
struct Preset {
    std::string_view kind;   ///< `kind` of the configuration
    std::string_view name;   ///< for people, unless the configuration has another
    std::string_view issuer; ///< where the configuration has none; empty: it must have one, or a tenant
    bool has_one_issuer;     ///< and it may not have another
    bool has_tenants;        ///< the issuer is made of the tenant (Entra)
    std::string_view slash;  ///< how its issuers end: "/", "" or, where they end as they like, "*"
    bool verifies_email;     ///< false: an address is what somebody has typed in (nOAuth), and no rule may rely on it
    bool has_groups;         ///< in a claim, `groups` unless the configuration names another
    std::string_view group_scope; ///< asked for where rules speak of groups and the metadata have it
};

/// Every kind, in the order in which they are told to people.
[[nodiscard]] std::span<const Preset> presets();
[[nodiscard]] const Preset* find_preset(std::string_view kind); ///< null: there is none
[[nodiscard]] std::string preset_names();                       ///< `oidc, google, … and keycloak`

/// The issuer that a configuration means. Errors: invalid (one is missing or must not be there, no tenant, or no https URL).
[[nodiscard]] platform::Result<std::string> issuer_of(const Preset& preset, std::string issuer,
                                                      const std::string& tenant);

} // namespace keyfob::server::identity
