#include "cli/launcher.h"

#include "agent/api/error_code.h"
#include "agent/api/paths.h"
#include "cli/agent_log.h"
#include "cli/values.h"
#include "platform/directory_watch.h"
#include "platform/executable.h"
#include "platform/lock_file.h"
#include "platform/private_directory.h"
#include "platform/process.h"
#include "platform/unix_socket.h"

#include <algorithm>

#include <poll.h>
#include <unistd.h>

namespace keyfob::cli {
namespace {

using agent::api::Client;
using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::UniqueFd;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr const char* k_agent = "keyfob-agent";
constexpr const char* k_client_name = KEYFOB_CLI_NAME "/" KEYFOB_VERSION;

bool nobody_there(const Result<Client>& client) {
    return !client && (client.error().kind == ErrorKind::not_found || client.error().kind == ErrorKind::unreachable);
}

Error as_unreachable(Error error) {
    error.code = agent::api::k_agent_unreachable;
    return error;
}

/// One attempt to get an agent: what is beside its socket, and what has been started.
struct Attempt {
    const LaunchPlan& plan;
    platform::DirectoryWatch watch;
    std::string log;
    std::uint64_t log_before; ///< what earlier agents have said
    UniqueFd ended;           ///< of the agent that we have started; none if another command does
};

/// False for an agent that lost against another which is just starting: that one is to be waited for.
bool has_died(Attempt& attempt) {
    pollfd state{attempt.ended.get(), POLLIN, 0};
    if (!attempt.ended || ::poll(&state, 1, 0) != 1)
        return false;
    attempt.ended.reset();
    const auto lock = platform::LockFile::try_lock(agent::api::lock_path(attempt.plan.socket_path));
    return !lock || lock->has_value();
}

Error not_started(const Attempt& attempt, const std::string& how) {
    Error error{ErrorKind::unreachable, std::string(k_agent) + how, "its messages are in " + attempt.log,
                agent::api::k_agent_unreachable};
    if (auto said = last_error(attempt.log, attempt.log_before)) {
        error.message += ": " + said->message;
        if (!said->hint.empty())
            error.hint = said->hint + " (" + error.hint + ")";
    }
    return error;
}

/// Waits for the socket. Between the agent's bind and its listen it is there and refuses, and nothing tells when that is over: then the waits
/// grow from one millisecond on.
Result<Client> await_agent(Attempt attempt) {
    const auto deadline = Clock::now() + attempt.plan.patience;
    milliseconds pause{1};
    while (true) {
        const bool dead = has_died(attempt); // asked first, so that its last moment counts
        auto client = Client::connect(attempt.plan.socket_path, k_client_name);
        const auto left = std::chrono::ceil<milliseconds>(deadline - Clock::now());
        if (!nobody_there(client))
            return client;
        if (dead)
            return not_started(attempt, " ended at once");
        if (left.count() <= 0)
            return not_started(attempt, " did not start within " +
                                            describe(std::chrono::ceil<std::chrono::seconds>(attempt.plan.patience)));
        const bool refuses = client.error().kind == ErrorKind::unreachable;
        attempt.watch.wait(refuses ? std::min(pause, left) : left, attempt.ended.get());
        if (refuses)
            pause = std::min(pause * 2, milliseconds{100});
    }
}

Result<Client> launch(const LaunchPlan& plan) {
    const std::string directory = plan.socket_path.substr(0, plan.socket_path.rfind('/'));
    const std::string log = agent::api::log_path(plan.socket_path);
    KEYFOB_TRY(platform::ensure_private_directory(directory));
    KEYFOB_TRY_ASSIGN(auto watch, platform::DirectoryWatch::watch(directory));
    Attempt attempt{plan, std::move(watch), log, log_size(log), {}};
    KEYFOB_TRY_ASSIGN(const auto lock, platform::LockFile::try_lock(plan.socket_path + ".launch"));
    if (lock) { // otherwise another command is starting it
        if (auto client = Client::connect(plan.socket_path, k_client_name); !nobody_there(client))
            return client;
        KEYFOB_TRY_ASSIGN(attempt.ended, plan.start(log));
    }
    return await_agent(std::move(attempt));
}

std::string agent_program() {
    const std::string beside = platform::executable_directory() + "/" + k_agent;
    return ::access(beside.c_str(), X_OK) == 0 ? beside : k_agent;
}

Result<UniqueFd> start_agent(const std::string& log_path) {
    const std::string program = agent_program();
    // In / it keeps no file system busy, and nothing depends on where somebody happened to be.
    auto started = platform::spawn_detached({program}, {.output = log_path, .directory = "/", .new_session = true});
    if (started)
        return started;
    if (started.error().kind == ErrorKind::not_found)
        return Error{ErrorKind::not_found, std::string("no agent runs, and there is no ") + k_agent + " to start",
                     std::string("install it beside ") + KEYFOB_CLI_NAME + " or in PATH"};
    return Error{ErrorKind::failed, std::string(k_agent) + " does not start: " + started.error().message,
                 "its messages go to " + log_path + ", which must be a file of yours"};
}

} // namespace

Result<Client> connect_or_launch(const LaunchPlan& plan) {
    if (auto good = platform::check_socket_path(plan.socket_path); !good)
        return as_unreachable(std::move(good).error());
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
