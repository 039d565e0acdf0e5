#pragma once

#include "platform/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace keyfob::server::signin {

/// Where our own agent listens: `http://127.0.0.1:PORT/cb/<nonce>` and nothing else (AS-01, AS-02; RFC 8252 sections 7.3 and 8.3).
struct LoopbackRedirect {
    std::string uri;           ///< as it will be sent: built anew from the parts below
    std::string preflight_uri; ///< where the same listener answers challenges: `/preflight/` and the same nonce
    std::uint16_t port = 0;
};

/// Errors: invalid. Whatever is not spelled exactly as we would write it is refused.
[[nodiscard]] platform::Result<LoopbackRedirect> parse_loopback_redirect(std::string_view text);

/// The same for a standard client: `http://127.0.0.1:PORT` and exactly one of the paths, nothing behind it. Neither `localhost`, which means what
/// the resolver says (RFC 8252 section 8.3), nor `[::1]`, which a Content-Security-Policy cannot name, so that the confirmation page could not
/// redirect there. The URI as it will be sent. Errors: invalid.
[[nodiscard]] platform::Result<std::string> parse_client_redirect(std::string_view text,
                                                                  const std::vector<std::string>& paths);

/// Whether a path can be one of those: absolute, of unreserved characters, and no segment is empty, `.` or `..`, so that no client and no browser
/// writes it in another way.
[[nodiscard]] bool is_redirect_path(std::string_view path);

} // namespace keyfob::server::signin
