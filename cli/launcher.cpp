#include "cli/launcher.h"

#include "agent/api/error_code.h"
#include "agent/api/paths.h"
#include "cli/values.h"
#include "platform/directory_watch.h"
#include "platform/executable.h"
#include "platform/lock_file.h"
#include "platform/private_directory.h"
#include "platform/process.h"

#include <algorithm>

#include <unistd.h>

namespace keyfob::cli {
namespace {

using agent::api::Client;
using platform::Error;
using platform::ErrorKind;
using platform::Result;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* k_agent = "keyfob-agent";
constexpr const char* k_client_name = KEYFOB_CLI_NAME "/" KEYFOB_VERSION;

bool nobody_there(const Result<Client>& client) {
    return !client && (client.error().kind == ErrorKind::not_found || client.error().kind == ErrorKind::unreachable);
}

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : path.substr(0, slash);
}

Error as_unreachable(Error error) {
    error.code = agent::api::k_agent_unreachable;
    return error;
}

/// Waits for the socket. Between the agent's bind and its listen it is there and refuses, and nothing tells when that is over: then the waits
/// grow from one millisecond on.
Result<Client> await_agent(const LaunchPlan& plan, platform::DirectoryWatch& watch, const std::string& log) {
    const auto deadline = Clock::now() + plan.patience;
    milliseconds pause{1};
    while (true) {
        auto client = Client::connect(plan.socket_path, k_client_name);
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        if (!nobody_there(client))
            return client;
        if (left.count() <= 0)
            return Error{ErrorKind::unreachable,
                         std::string(k_agent) + " did not start within " +
                             describe(std::chrono::ceil<std::chrono::seconds>(plan.patience)),
                         "its messages are in " + log, agent::api::k_agent_unreachable};
        const bool refuses = client.error().kind == ErrorKind::unreachable;
        watch.wait(refuses ? std::min(pause, left) : left);
        if (refuses)
            pause = std::min(pause * 2, milliseconds{100});
    }
}

Result<Client> launch(const LaunchPlan& plan) {
    const std::string directory = directory_of(plan.socket_path);
    const std::string log = directory + "/agent.log";
    KEYFOB_TRY(platform::ensure_private_directory(directory));
    KEYFOB_TRY_ASSIGN(auto watch, platform::DirectoryWatch::watch(directory));
    KEYFOB_TRY_ASSIGN(const auto lock, platform::LockFile::try_lock(directory + "/launch.lock"));
    if (lock) { // otherwise another command is starting it
        if (auto client = Client::connect(plan.socket_path, k_client_name); !nobody_there(client))
            return client;
        KEYFOB_TRY(plan.start(log));
    }
    return await_agent(plan, watch, log);
}

std::string agent_program() {
    const std::string beside = platform::executable_directory() + "/" + k_agent;
    return ::access(beside.c_str(), X_OK) == 0 ? beside : k_agent;
}

Result<void> start_agent(const std::string& log_path) {
    const std::string program = agent_program();
    // In / it keeps no file system busy, and nothing depends on where somebody happened to be.
    auto started = platform::spawn_detached({program}, {.output = log_path, .directory = "/", .new_session = true});
    if (started)
        return {};
    if (started.error().kind == ErrorKind::not_found)
        return Error{ErrorKind::not_found, std::string("no agent runs, and there is no ") + k_agent + " to start",
                     std::string("install it beside ") + KEYFOB_CLI_NAME + " or in PATH"};
    return Error{ErrorKind::failed, std::string(k_agent) + " does not start: " + started.error().message,
                 "its messages go to " + log_path + ", which must be a file of yours"};
}

} // namespace

Result<Client> connect_or_launch(const LaunchPlan& plan) {
    auto client = Client::connect(plan.socket_path, k_client_name);
    if (!nobody_there(client))
        return client;
    auto launched = launch(plan);
    return launched ? std::move(launched) : as_unreachable(std::move(launched).error());
}

LaunchPlan make_launch_plan(const platform::Environment& environment) {
    return {agent::api::socket_path(environment), start_agent, milliseconds{5'000}};
}

} // namespace keyfob::cli
