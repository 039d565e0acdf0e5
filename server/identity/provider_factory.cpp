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
} // namespace

Made make_provider(ProviderSettings settings, const std::string& redirect_uri, const platform::Clock& clock) {
    FetcherOptions options;
    options.ca_file = settings.ca_file;
    options.allow_addresses = settings.allow_addresses;
    if (settings.is_demo) {
        KEYFOB_TRY_ASSIGN(const auto issuer, platform::Url::parse(settings.issuer));
        options.demo_origin = issuer.origin.text();
    }
    KEYFOB_TRY_ASSIGN(auto fetcher, make_fetcher(options));
    return make_provider(std::move(settings), redirect_uri, clock, std::move(fetcher));
}

Made make_provider(ProviderSettings settings, const std::string& redirect_uri, const platform::Clock& clock,
                   std::unique_ptr<Fetcher> fetcher) {
    if (settings.kind == "github")
        return std::unique_ptr<signin::IdentityProvider>(
            std::make_unique<GithubProvider>(std::move(settings), redirect_uri, std::move(fetcher)));
    OpenIdOptions options;
    if (settings.kind == "google") {
        settings.issuer = k_google_issuer;
        options.other_issuers = {
            "accounts.google.com"}; // RP-14: the spelling of its old tokens, for this provider alone
    } else if (settings.kind != "oidc") {
        return Error{ErrorKind::invalid, "there is no kind of provider \"" + settings.kind + "\""};
    }
    return std::unique_ptr<signin::IdentityProvider>(std::make_unique<OpenIdProvider>(
        std::move(settings), std::move(options), redirect_uri, clock, std::move(fetcher)));
}

} // namespace keyfob::server::identity
