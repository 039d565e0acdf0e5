#pragma once

#include "platform/secret_string.h"
#include "server/signin/identity_provider.h"

#include <optional>
#include <string>
#include <string_view>

namespace keyfob::server::signin {

/// The 32 random octets that one browser holds for one pairing, in its flow cookie. All that binds this browser to a provider's answer is
/// derived from it by HMAC, so that the database has nothing that could finish somebody's sign-in (RP-02, RP-03, RP-05). A value.
class FlowSecret {
public:
    /// From the text of the cookie. nullopt unless it is 32 octets of base64url.
    [[nodiscard]] static std::optional<FlowSecret> from_cookie(std::string_view text);

    [[nodiscard]] const std::string& cookie_text() const { return m_text; }
    [[nodiscard]] std::string hash() const; ///< as stored
    /// `<flow id>.<mac>`: the id finds the pairing, the mac only this browser's secret can make.
    [[nodiscard]] UpstreamAttempt attempt(const std::string& flow_id, const std::string& provider) const;
    /// What the agent behind this browser has to sign (AS-08): `<flow id>.<mac>` as well.
    [[nodiscard]] std::string preflight_challenge(const std::string& flow_id) const;
    /// For the one form of this flow (SE-15).
    [[nodiscard]] std::string csrf_token() const;

private:
    explicit FlowSecret(std::string text) : m_text(std::move(text)) {}
    [[nodiscard]] std::string derive(const std::string& purpose) const;
    std::string m_text;
};

/// The flow id in a state or challenge made by FlowSecret; empty when it has not that form. Says nothing about whether it is genuine.
[[nodiscard]] std::string flow_id_of(std::string_view state_or_challenge);

} // namespace keyfob::server::signin
