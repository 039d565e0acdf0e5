#pragma once

#include "server/identity/provider_factory.h"

#include <Poco/JSON/Object.h>

#include <memory>
#include <string>
#include <vector>

namespace keyfob::server::identity {

/// GitHub's OAuth 2.0, which is no OpenID Connect: the person is the numeric id of `/user`, the e-mail the primary verified one of
/// `/user/emails`. An issuer of its own (GitHub Enterprise) changes all addresses. Thread-safe.
class GithubProvider final : public signin::IdentityProvider {
public:
    GithubProvider(ProviderSettings settings, std::string redirect_uri, std::unique_ptr<Fetcher> fetcher);

    [[nodiscard]] const std::string& id() const override { return m_settings.id; }
    [[nodiscard]] const std::string& display_name() const override { return m_settings.display_name; }
    [[nodiscard]] platform::Result<std::string> authorization_url(const signin::UpstreamAttempt& attempt) override;
    [[nodiscard]] platform::Result<signin::Identity>
    complete(const signin::UpstreamAttempt& attempt, const std::string& code, const std::string& issuer) override;
    [[nodiscard]] bool accepts_issuer(const std::string& issuer) const override;
    /// What `/user` answers, and beside it `emails`, `organizations` and `teams` as the other answers have them.
    [[nodiscard]] platform::Result<signin::Identity> believe(const std::string& claims) const override;
    [[nodiscard]] bool ready() const override { return true; } // nothing has to be discovered

private:
    using Rows = std::vector<Poco::JSON::Object::Ptr>;
    [[nodiscard]] platform::Result<std::string> fetch(const std::string& path, const std::string& access_token) const;
    [[nodiscard]] platform::Result<std::string> verified_email(const std::string& access_token) const;
    /// All pages of a list. Errors: those of the fetcher; invalid (no list, or longer than can be).
    [[nodiscard]] platform::Result<Rows> list(const std::string& path, const std::string& access_token) const;
    /// Who `/user` says it is. Errors: invalid.
    [[nodiscard]] platform::Result<signin::Identity> identity_of(const Poco::JSON::Object& user) const;
    [[nodiscard]] platform::Result<void> add_memberships(signin::Identity& identity,
                                                         const std::string& access_token) const;

    const ProviderSettings m_settings;
    const std::string m_issuer;
    const std::string m_api;
    const std::string m_redirect_uri;
    const std::unique_ptr<Fetcher> m_fetcher;
};

} // namespace keyfob::server::identity
