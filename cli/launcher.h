#pragma once

#include "agent/api/client.h"
#include "platform/paths.h"
#include "platform/result.h"
#include "platform/unique_fd.h"

#include <chrono>
#include <functional>
#include <string>

namespace keyfob::cli {

/// Where the agent is, and how to start one when nobody is there.
struct LaunchPlan {
    std::string socket_path;
    /// Returns when the program runs, not when it listens; the descriptor becomes readable when it has ended, and may be missing.
    std::function<platform::Result<platform::UniqueFd>(const std::string& log_path)> start;
    std::chrono::milliseconds patience{5'000};
};

/// Connects; when no agent listens, starts one and waits until it does, without polling. Of many commands at once one starts it, by a lock file
/// beside the socket. Errors: code agent_unreachable; for an agent that ends instead of listening, with the reason from its log.
[[nodiscard]] platform::Result<agent::api::Client> connect_or_launch(const LaunchPlan& plan);

/// The plan of the programs: the agent beside our own file, else the one in PATH, in a session of its own, so that Ctrl-C here does not reach it.
[[nodiscard]] LaunchPlan make_launch_plan(const platform::Environment& environment);
[[nodiscard]] inline platform::Result<agent::api::Client> connect_agent(const platform::Environment& environment) {
    return connect_or_launch(make_launch_plan(environment));
}

} // namespace keyfob::cli
