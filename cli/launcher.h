#pragma once

#include "agent/api/client.h"
#include "platform/paths.h"
#include "platform/result.h"

#include <chrono>
#include <functional>
#include <string>

namespace keyfob::cli {

/// Where the agent is, and how to start one when nobody is there.
struct LaunchPlan {
    std::string socket_path;
    std::function<platform::Result<void>(const std::string& log_path)>
        start; ///< returns when the program runs, not when it listens
    std::chrono::milliseconds patience{5'000};
};

/// Connects; when no agent listens, starts one and waits until it does, without polling. Of many commands at once one starts it, by a lock file
/// beside the socket. Errors: code agent_unreachable.
[[nodiscard]] platform::Result<agent::api::Client> connect_or_launch(const LaunchPlan& plan);

/// The plan of the programs: the agent beside our own file, else the one in PATH, in a session of its own, so that Ctrl-C here does not reach it.
[[nodiscard]] LaunchPlan make_launch_plan(const platform::Environment& environment);
[[nodiscard]] inline platform::Result<agent::api::Client> connect_agent(const platform::Environment& environment) {
    return connect_or_launch(make_launch_plan(environment));
}

} // namespace keyfob::cli
