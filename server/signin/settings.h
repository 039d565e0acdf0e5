#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace keyfob::server::signin {

/// The numbers of signing in; times are in seconds. The defaults are those of the documentation.
struct Settings {
    std::string issuer; ///< our external URL, as in the metadata and in `iss`
    std::int64_t request_uri_seconds = 90;
    std::int64_t preflight_seconds = 30; ///< for the browser's way to the agent and back
    std::int64_t pairing_seconds = 600;
    std::int64_t code_seconds = 60;
    std::int64_t repeat_seconds = 60; ///< how long the same redeem gets the same session again
    std::int64_t cookie_seconds = 600;
    std::int64_t session_idle_seconds = std::int64_t{7} * 24 * 3600;
    std::int64_t session_absolute_seconds = std::int64_t{30} * 24 * 3600;
    std::int64_t access_token_seconds = 3600;   ///< of a standard client, if sessions may be idle for that long
    std::int64_t device_session_seconds = 3600; ///< of a device grant, if others last that long (DG-10)
    std::size_t calls_per_provider = 24; ///< threads that may be busy with one provider: fewer than there are for all
};

} // namespace keyfob::server::signin
