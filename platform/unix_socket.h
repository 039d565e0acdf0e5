#pragma once

#include "platform/result.h"
#include "platform/unique_fd.h"

#include <chrono>
#include <string>

namespace keyfob::platform {

/// Whether a socket can be at `path`: it is absolute and short enough, and nothing else is there. Makes nothing.
/// Errors: invalid, failed (something is there that is no socket).
[[nodiscard]] Result<void> check_socket_path(const std::string& path);

/// Listens on a Unix socket that only this user can reach: the directory is made private or verified, the socket has mode 0600.
/// What a dead process left is replaced; a socket where somebody answers is not. The caller holds the lock that keeps two of our own
/// from doing this at once. Non-blocking, close-on-exec. Errors: invalid (not absolute, too long), denied (directory), failed (`code` "in_use" when somebody listens).
[[nodiscard]] Result<UniqueFd> listen_unix(const std::string& path);

/// Connects (blocking socket, close-on-exec). Errors: not_found (no socket file), unreachable (nobody listens), denied, timed_out (somebody
/// listens, but takes no connection for so long), failed.
[[nodiscard]] Result<UniqueFd> connect_unix(const std::string& path,
                                            std::chrono::milliseconds longest = std::chrono::seconds{5});

} // namespace keyfob::platform
