#include "server/identity/provider_factory.h"

#include "platform/url.h"
#include "server/identity/github_provider.h"
#include "server/identity/openid_provider.h"
#include "server/identity/presets.h"

namespace keyfob::server::identity {

namespace {
using platform::Error;
using platform::ErrorKind;
using platform::Result;
using Made = Result<std::unique_ptr<signin::IdentityProvider>>;

Error refused(const ProviderSettings& settings, const std::string& what, const std::string& hint) {
    return {ErrorKind::invalid, "provider \"" + settings.id + "\": " + what, hint};
}

/// What the kind knows of itself.
Result<void> complete_settings(ProviderSettings& settings, const Preset& preset) {
    auto issuer = issuer_of(preset, std::move(settings.issuer), settings.tenant);
    if (!issuer)
        return refused(settings, issuer.error().message, issuer.error().hint);
    settings.issuer = std::move(*issuer);
    if (settings.display_name.empty())
        settings.display_name = preset.name.empty() ? settings.id : preset.name;
    return {};
}

Result<void> check_settings(const ProviderSettings& settings) {
    if (settings.client_id.empty())
        return refused(settings, "client_id is empty", "register a client at the provider");
    const auto issuer = platform::Url::parse(settings.issuer);
    if (!issuer)
        return refused(settings, "its issuer is " + issuer.error().message, "write it as the provider does");
    const bool is_plain_demo = settings.is_demo && issuer->origin.is_loopback();
    if (issuer->origin.scheme != "https" && !is_plain_demo) // RP-08
        return refused(settings, "its issuer is not https", "providers are reached by https alone");
    if (issuer->has_query)
        return refused(settings, "its issuer has a query", "write it as the provider does");
    return {};
}

OpenIdOptions options_of(const ProviderSettings& settings, const Preset& preset) {
    OpenIdOptions options;
    if (settings.kind == "google")
        options.other_issuers = {"accounts.google.com"}; // RP-14: how its old tokens spell it, for this kind alone
    options.has_hosted_domains = settings.kind == "google";
    options.tenant = settings.tenant;
    options.verifies_email = preset.verifies_email;
    if (settings.needs_groups)
        options.group_scope = preset.group_scope;
    return options;
}
} // namespace

Result<std::unique_ptr<Fetcher>> make_fetcher(const ProviderSettings& settings) {
    FetcherOptions options;
    options.ca_file = settings.ca_file;
    options.allow_addresses = settings.allow_addresses;
    if (settings.is_demo) {
        KEYFOB_TRY_ASSIGN(const auto issuer, platform::Url::parse(settings.issuer));
        if (!issuer.origin.is_loopback())
            return refused(settings, "the demo provider must be on loopback", "use --listen 127.0.0.1:PORT");
        options.demo_origin = issuer.origin.text();
    }
    return make_fetcher(options);
}

Made make_provider(ProviderSettings settings, const std::string& redirect_uri, const platform::Clock& clock) {
    KEYFOB_TRY_ASSIGN(auto fetcher, make_fetcher(settings));
    return make_provider(std::move(settings), redirect_uri, clock, std::move(fetcher));
}

Made make_provider(ProviderSettings settings, const std::string& redirect_uri, const platform::Clock& clock,
                   std::unique_ptr<Fetcher> fetcher) {
    const Preset* preset = find_preset(settings.kind);
    if (preset == nullptr)
        return refused(settings, "there is no kind \"" + settings.kind + "\"", "kinds are " + preset_names());
    KEYFOB_TRY(complete_settings(settings, *preset));
    KEYFOB_TRY(check_settings(settings));
    if (settings.kind == "github")
        return std::unique_ptr<signin::IdentityProvider>(
            std::make_unique<GithubProvider>(std::move(settings), redirect_uri, std::move(fetcher)));
    OpenIdOptions options = options_of(settings, *preset);
    return std::unique_ptr<signin::IdentityProvider>(std::make_unique<OpenIdProvider>(
        std::move(settings), std::move(options), redirect_uri, clock, std::move(fetcher)));
}

} // namespace keyfob::server::identity
