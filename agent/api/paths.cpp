#include "agent/api/paths.h"

#include <string_view>

namespace keyfob::agent::api {

std::string socket_path(const platform::Environment& environment) {
    if (std::string path = environment("KEYFOB_AGENT_SOCKET"); !path.empty())
        return path;
    if (const std::string runtime = platform::runtime_directory(environment); !runtime.empty())
        return runtime + "/keyfob/agent.sock";
    return platform::state_directory(environment) + "/agent.sock";
}

std::string lock_path(const std::string& socket_path) {
    return socket_path + ".lock";
}

std::string log_path(const std::string& socket_path) {
    constexpr std::string_view k_ending = ".sock";
    const bool ends_so = socket_path.ends_with(k_ending);
    return socket_path.substr(0, socket_path.size() - (ends_so ? k_ending.size() : 0)) + ".log";
}

} // namespace keyfob::agent::api
