#include "server/identity/presets.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace keyfob::server::identity {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;

constexpr std::string_view k_any_slash = "*";

// clang-format off
constexpr std::array k_presets{
    //     kind         name            issuer                          one    tenants slash        e-mail groups scope for groups
    Preset{"oidc",      "",             "",                             false, false,  k_any_slash, true,  true,  ""},
    Preset{"google",    "Google",       "https://accounts.google.com",  true,  false,  "",          true,  false, ""},
    Preset{"microsoft", "Microsoft",    "",                             false, true,   "",          false, true,  ""},
    Preset{"github",    "GitHub",       "https://github.com",           false, false,  "",          true,  false, ""},
    Preset{"gitlab",    "GitLab",       "https://gitlab.com",           false, false,  "",          true,  true,  ""},
    Preset{"okta",      "Okta",         "",                             false, false,  "",          true,  true,  "groups"},
    Preset{"auth0",     "Auth0",        "",                             false, false,  "/",         true,  true,  ""},
    Preset{"keycloak",  "Keycloak",     "",                             false, false,  "",          true,  true,  ""},
};
// clang-format on

/// 8-4-4-4-12 hexadecimal digits, as Entra shows the id of a tenant. Its names `common`, `organizations` and `consumers` stand for everybody's, and
/// its domain names are not what its tokens say.
bool is_tenant_id(std::string_view text) {
    constexpr std::string_view k_form = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    return text.size() == k_form.size() && std::equal(text.begin(), text.end(), k_form.begin(), [](char c, char form) {
               return form == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

Result<std::string> issuer_of_tenant(std::string_view kind, const std::string& issuer, const std::string& tenant) {
    if (!is_tenant_id(tenant))
        return Error{ErrorKind::invalid, "tenant is not the id of one",
                     "write the Directory (tenant) ID, as 00000000-0000-0000-0000-000000000000 in lower case; common "
                     "and organizations would "
                     "let in the users of every tenant there is"};
    std::string own = "https://login.microsoftonline.com/" + tenant + "/v2.0";
    if (!issuer.empty() && issuer != own)
        return Error{ErrorKind::invalid, "kind \"" + std::string(kind) + "\" has a tenant instead of an issuer",
                     "leave issuer out"};
    return own;
}

} // namespace

std::span<const Preset> presets() {
    return k_presets;
}

const Preset* find_preset(std::string_view kind) {
    const auto* found =
        std::find_if(k_presets.begin(), k_presets.end(), [&](const Preset& preset) { return preset.kind == kind; });
    return found == k_presets.end() ? nullptr : found;
}

std::string preset_names() {
    std::string names;
    for (const Preset& preset : k_presets)
        names += (names.empty() ? "" : &preset == &k_presets.back() ? " and " : ", ") + std::string(preset.kind);
    return names;
}

Result<std::string> issuer_of(const Preset& preset, std::string issuer, const std::string& tenant) {
    if (preset.has_tenants)
        return issuer_of_tenant(preset.kind, issuer, tenant);
    if (!tenant.empty())
        return Error{ErrorKind::invalid, "kind \"" + std::string(preset.kind) + "\" has no tenants",
                     "leave tenant out"};
    if (issuer.empty() && preset.issuer.empty())
        return Error{ErrorKind::invalid, "issuer is missing", "docs/providers.md says where to find it"};
    if (issuer.empty())
        return std::string(preset.issuer);
    if (preset.has_one_issuer && issuer != preset.issuer)
        return Error{ErrorKind::invalid, std::string(preset.name) + "'s issuer is " + std::string(preset.issuer),
                     "leave issuer out, or use kind = \"oidc\""};
    if (preset.slash == k_any_slash)
        return issuer;
    while (issuer.ends_with('/'))
        issuer.pop_back();
    return issuer.append(preset.slash);
}

} // namespace keyfob::server::identity
