#pragma once

#include "platform/clock.h"
#include "platform/http/message.h"
#include "platform/jose/ec_key.h"
#include "platform/random.h"
#include "platform/url.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace keyfob::server::identity {

/// A complete OpenID provider for `--demo`: discovery, authorize page, PKCE, token, keys, userinfo, ES256. It asks for a name and believes
/// it, so it belongs on one machine for trying things out. What it knows is in memory, bounded, and gone with the process. Thread-safe.
class DemoProvider {
public:
    DemoProvider(std::string issuer, std::string redirect_uri, const platform::Clock& clock, platform::Random& random);

    /// nullopt: the path is none of its own. The paths lie below that of the issuer.
    [[nodiscard]] std::optional<platform::http::Response> handle(const platform::http::Request& request);

private:
    /// Who signed in, from the page to the tokens.
    struct Grant {
        std::string name;
        std::string nonce;
        std::string code_challenge;
        std::int64_t signed_in_at = 0;
        std::int64_t expires_at = 0;
    };
    using Grants = std::map<std::string, Grant>;
    using Response = platform::http::Response;

    [[nodiscard]] Response metadata() const;
    [[nodiscard]] Response keys() const;
    [[nodiscard]] Response page(const platform::Parameters& request) const;
    [[nodiscard]] Response show_page(const platform::Parameters& query) const;
    [[nodiscard]] Response answer_page(const platform::Parameters& form);
    [[nodiscard]] Response token(const platform::Parameters& form);
    [[nodiscard]] Response user_info(const platform::http::Request& request);
    [[nodiscard]] bool is_valid(const platform::Parameters& query) const;
    [[nodiscard]] std::string id_token(const Grant& grant, const std::string& access_token) const;
    [[nodiscard]] std::string add(Grants& grants, Grant grant, std::int64_t seconds);
    [[nodiscard]] std::optional<Grant> find(Grants& grants, const std::string& key, bool consume);
    [[nodiscard]] std::int64_t now() const { return platform::to_unix(m_clock.now()); }

    const std::string m_issuer;
    const std::string m_path;
    const std::string m_redirect_uri;
    const platform::Clock& m_clock;
    platform::Random& m_random;
    const platform::jose::EcKey m_key;
    std::mutex m_mutex;
    Grants m_codes;
    Grants m_access_tokens;
};

} // namespace keyfob::server::identity
