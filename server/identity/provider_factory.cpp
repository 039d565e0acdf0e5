#include "server/identity/provider_factory.h"

#include "platform/url.h"
#include "server/identity/github_provider.h"
#include "server/identity/openid_provider.h"

namespace keyfob::server::identity {

namespace {
using platform::Error;
using platform::ErrorKind;
using platform::Result;
using Made = Result<std::unique_ptr<signin::IdentityProvider>>;

constexpr const char* k_google_issuer = "https://accounts.google.com";

Error refused(const ProviderSettings& settings, const std::string& what, const std::string& hint) {
    return {ErrorKind::invalid, "provider \"" + settings.id + "\": " + what, hint};
}

/// What the kinds know of themselves; trailing slashes of GitHub's base would double in every address.
Result<void> complete_settings(ProviderSettings& settings) {
    if (settings.kind == "google") {
        if (!settings.issuer.empty() && settings.issuer != k_google_issuer)
            return refused(settings, "Google's issuer is " + std::string(k_google_issuer),
                           "leave issuer out, or use kind = \"oidc\"");
        settings.issuer = k_google_issuer;
    } else if (settings.kind == "github") {
        while (settings.issuer.ends_with('/'))
            settings.issuer.pop_back();
    } else if (settings.kind != "oidc") {
        return refused(settings, "there is no kind \"" + settings.kind + "\"", "kinds are oidc, google and github");
    }
    return {};
}

Result<void> check_settings(const ProviderSettings& settings) {
    if (settings.client_id.empty())
        return refused(settings, "client_id is empty", "register a client at the provider");
    if (settings.kind == "github" && settings.issuer.empty())
        return {};
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
} // namespace

Made make_provider(ProviderSettings settings, const std::string& redirect_uri, const platform::Clock& clock) {
    FetcherOptions options;
    options.ca_file = settings.ca_file;
    options.allow_addresses = settings.allow_addresses;
    if (settings.is_demo) {
        KEYFOB_TRY_ASSIGN(const auto issuer, platform::Url::parse(settings.issuer));
        if (!issuer.origin.is_loopback())
            return refused(settings, "the demo provider must be on loopback", "use --listen 127.0.0.1:PORT");
        options.demo_origin = issuer.origin.text();
    }
    KEYFOB_TRY_ASSIGN(auto fetcher, make_fetcher(options));
    return make_provider(std::move(settings), redirect_uri, clock, std::move(fetcher));
}

Made make_provider(ProviderSettings settings, const std::string& redirect_uri, const platform::Clock& clock,
                   std::unique_ptr<Fetcher> fetcher) {
    KEYFOB_TRY(complete_settings(settings));
    KEYFOB_TRY(check_settings(settings));
    if (settings.kind == "github")
        return std::unique_ptr<signin::IdentityProvider>(
            std::make_unique<GithubProvider>(std::move(settings), redirect_uri, std::move(fetcher)));
    OpenIdOptions options;
    if (settings.kind == "google")
        options.other_issuers = {"accounts.google.com"}; // RP-14: how its old tokens spell it, for this kind alone
    return std::unique_ptr<signin::IdentityProvider>(std::make_unique<OpenIdProvider>(
        std::move(settings), std::move(options), redirect_uri, clock, std::move(fetcher)));
}

} // namespace keyfob::server::identity
