#pragma once

#include "platform/result.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace keyfob::server::signin {

/// Where our own agent listens: `http://127.0.0.1:PORT/cb/<nonce>` and nothing else (AS-01, AS-02; RFC 8252 sections 7.3 and 8.3).
struct LoopbackRedirect {
    std::string uri;           ///< as it will be sent: built anew from the parts below
    std::string preflight_uri; ///< where the same listener answers challenges: `/preflight/` and the same nonce
    std::uint16_t port = 0;
};

/// Errors: invalid. Whatever is not spelled exactly as we would write it is refused.
[[nodiscard]] platform::Result<LoopbackRedirect> parse_loopback_redirect(std::string_view text);

} // namespace keyfob::server::signin
