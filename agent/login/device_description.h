#pragma once

#include <string>

namespace keyfob::agent::login {

/// What this device calls itself on the confirmation page and in session lists.
struct DeviceDescription {
    std::string name; ///< user@host
    std::string os;   ///< for example Debian GNU/Linux 12 (bookworm)
};
[[nodiscard]] DeviceDescription describe_device();

} // namespace keyfob::agent::login
