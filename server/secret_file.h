#pragma once

#include "platform/result.h"
#include "platform/secret_string.h"

#include <string>

namespace keyfob::server {

/// The first line of a file that nobody but its owner may read (KS-02). Errors: not_found, denied (its mode), invalid (empty or too long).
/// The messages name the file and never its content.
[[nodiscard]] platform::Result<platform::SecretString> read_secret_file(const std::string& path);

} // namespace keyfob::server
