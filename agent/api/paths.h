#pragma once

#include "platform/paths.h"

#include <string>

namespace keyfob::agent::api {

/// Where the agent's socket is: $KEYFOB_AGENT_SOCKET, else keyfob/agent.sock in the runtime directory, else agent.sock in the state directory.
[[nodiscard]] std::string socket_path(const platform::Environment& environment = platform::process_environment);
// Beside the socket, one for each socket: several agents may have theirs in one folder.
/// Held by the agent that serves `socket_path`.
[[nodiscard]] std::string lock_path(const std::string& socket_path);
/// What an agent says that a command has started.
[[nodiscard]] std::string log_path(const std::string& socket_path);

} // namespace keyfob::agent::api
