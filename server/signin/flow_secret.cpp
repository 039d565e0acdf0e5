#include "server/signin/flow_secret.h"

#include "platform/digest.h"
#include "platform/encoding.h"

namespace keyfob::server::signin {

namespace {
constexpr std::size_t k_secret_octets = 32;
} // namespace

std::optional<FlowSecret> FlowSecret::from_cookie(std::string_view text) {
    const auto octets = platform::base64url_decode(text);
    if (!octets || octets->size() != k_secret_octets)
        return std::nullopt;
    return FlowSecret(std::string(text));
}

std::string FlowSecret::hash() const {
    return platform::secret_hash(m_text);
}

std::string FlowSecret::derive(const std::string& purpose) const {
    return platform::base64url_encode(platform::hmac_sha256(m_text, purpose));
}

UpstreamAttempt FlowSecret::attempt(const std::string& flow_id, const std::string& provider) const {
    return {flow_id + "." + derive("state/" + provider), derive("nonce/" + provider), derive("pkce/" + provider)};
}

std::string FlowSecret::preflight_challenge(const std::string& flow_id) const {
    return flow_id + "." + derive("preflight");
}

std::string FlowSecret::csrf_token() const {
    return derive("csrf");
}

std::string flow_id_of(std::string_view state_or_challenge) {
    const std::size_t dot = state_or_challenge.find('.');
    if (dot == std::string_view::npos)
        return {};
    const std::string_view id = state_or_challenge.substr(0, dot);
    return platform::base64url_decode(id) ? std::string(id) : std::string();
}

} // namespace keyfob::server::signin
