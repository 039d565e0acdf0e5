#pragma once

#include "platform/result.h"

#include <string>

#include <glib.h>

namespace keyfob::agent::vault {

// The four ways in which a keychain gives nothing, for people and by their codes.
[[nodiscard]] platform::Error locked();
[[nodiscard]] platform::Error unreachable(const std::string& why);
[[nodiscard]] platform::Error timed_out();
[[nodiscard]] platform::Error denied(const std::string& why);

/// Which of them an error of libsecret or the bus is.
[[nodiscard]] platform::Error keychain_error(const GError& error);
/// The item or collection does not exist (any more).
[[nodiscard]] bool is_gone(const GError& error);

} // namespace keyfob::agent::vault
