#pragma once

#include "platform/clock.h"
#include "server/identity/key_cache.h"
#include "server/identity/provider_factory.h"
#include "server/identity/provider_metadata.h"

#include <memory>
#include <string>
#include <vector>

namespace keyfob::server::identity {

struct OpenIdOptions {
    std::vector<std::string> other_issuers; ///< spellings besides the configured issuer
    std::string group_scope;                ///< asked for besides, where the metadata have it
    bool has_hosted_domains = false;        ///< Google: `hd` is what it says of the account (RP-14)
    std::string
        tenant; ///< Entra: `tid` must be it, and `oid` is the person, whose `sub` differs from client to client (RP-12)
    bool verifies_email = true;
};

/// An OpenID Connect provider, authorization code flow with PKCE and nonce. Thread-safe.
class OpenIdProvider final : public signin::IdentityProvider {
public:
    OpenIdProvider(ProviderSettings settings, OpenIdOptions options, std::string redirect_uri,
                   const platform::Clock& clock, std::unique_ptr<Fetcher> fetcher);

    [[nodiscard]] const std::string& id() const override { return m_settings.id; }
    [[nodiscard]] const std::string& display_name() const override { return m_settings.display_name; }
    [[nodiscard]] platform::Result<std::string> authorization_url(const signin::UpstreamAttempt& attempt) override;
    [[nodiscard]] platform::Result<signin::Identity>
    complete(const signin::UpstreamAttempt& attempt, const std::string& code, const std::string& issuer) override;
    [[nodiscard]] bool accepts_issuer(const std::string& issuer) const override;
    [[nodiscard]] platform::Result<signin::Identity> believe(const std::string& claims) const override;
    [[nodiscard]] platform::Result<signin::LogoutNotice> read_logout_token(const std::string& text) override;
    [[nodiscard]] platform::Result<void> prepare() override;
    [[nodiscard]] bool ready() const override { return m_metadata.known() != nullptr; }

private:
    [[nodiscard]] std::vector<std::string> issuers() const; ///< the configured one first
    [[nodiscard]] platform::Result<Poco::JSON::Object::Ptr> verified_claims(const Poco::JSON::Object& tokens,
                                                                            const std::string& nonce,
                                                                            const std::string& code,
                                                                            const ProviderMetadata& metadata);
    /// Whether an address is verified is the provider's word, and not every kind of provider knows it.
    void judge_email(signin::Identity& identity) const;
    /// Who the claims of the id_token are about. Errors: invalid.
    [[nodiscard]] platform::Result<signin::Identity> identity_of(const Poco::JSON::Object& claims) const;
    /// What the id_token leaves out and userinfo may tell. Errors: those of user_info(); invalid (the groups are too many to be told).
    [[nodiscard]] platform::Result<void> complete_identity(signin::Identity& identity, const Poco::JSON::Object& claims,
                                                           const ProviderMetadata& metadata,
                                                           const std::string& access_token) const;
    [[nodiscard]] platform::Result<Poco::JSON::Object::Ptr>
    user_info(const ProviderMetadata& metadata, const std::string& access_token, const std::string& subject) const;

    const ProviderSettings m_settings;
    const OpenIdOptions m_options;
    const std::string m_redirect_uri;
    const platform::Clock& m_clock;
    const std::unique_ptr<Fetcher> m_fetcher;
    MetadataCache m_metadata;
    KeyCache m_keys;
};

} // namespace keyfob::server::identity
