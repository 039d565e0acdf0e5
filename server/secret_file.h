#pragma once

#include "platform/paths.h"
#include "platform/result.h"
#include "platform/secret_string.h"

#include <string>

namespace keyfob::server {

/// The first line of a file that nobody but its owner may read (KS-02). Below $CREDENTIALS_DIRECTORY, and only there, the group may read it too:
/// systemd gives credentials the mode 0440 and keeps others out by the directory. Errors: not_found, denied (its mode), invalid (empty or too
/// long). The messages name the file and never its content.
[[nodiscard]] platform::Result<platform::SecretString>
read_secret_file(const std::string& path, const platform::Environment& environment = platform::process_environment);

/// That the file of a TLS key is as safe as a secret. One thing more is accepted: a file of root that its group may read (0640), which is how
/// Debian's group `ssl-cert` hands keys to services. Only root can make such a file or let somebody into its group, and root reads it anyway.
/// Errors: as above.
[[nodiscard]] platform::Result<void>
check_key_file(const std::string& path, const platform::Environment& environment = platform::process_environment);

/// That a regular file is there which this user can read. Errors: not_found, denied, invalid (no regular file).
[[nodiscard]] platform::Result<void> check_readable_file(const std::string& path);

} // namespace keyfob::server
