#include "agent/api/paths.h"

namespace keyfob::agent::api {

std::string socket_path(const platform::Environment& environment) {
    if (std::string path = environment("KEYFOB_AGENT_SOCKET"); !path.empty())
        return path;
    if (const std::string runtime = platform::runtime_directory(environment); !runtime.empty())
        return runtime + "/keyfob/agent.sock";
    return platform::state_directory(environment) + "/agent.sock";
}

std::string lock_path(const std::string& socket_path) {
    const std::size_t slash = socket_path.rfind('/');
    return (slash == std::string::npos ? std::string(".") : socket_path.substr(0, slash)) + "/agent.lock";
}

} // namespace keyfob::agent::api
