#include "cli/launcher.h"

#include "agent/api/error_code.h"
#include "agent/api/paths.h"
#include "platform/lock_file.h"
#include "platform/process.h"
#include "tests/support/fake_agent.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <fstream>
#include <thread>

#include <poll.h>

using namespace keyfob;
using cli::LaunchPlan;
using tests::FakeAgent;

namespace {

constexpr std::chrono::milliseconds k_long{120'000}; // longer than any test: a slow machine must not change an outcome

/// A place for a socket, where agents are started by threads of the test.
struct Place {
    tests::TemporaryDirectory directory;
    std::string socket = directory.file("run/agent.sock");
    std::atomic<int> starts{0};
    std::unique_ptr<FakeAgent> agent;
    std::thread starting;

    ~Place() {
        if (starting.joinable())
            starting.join();
    }
    void start_agent() {
        agent = std::make_unique<FakeAgent>(
            socket, [](const FakeAgent::Request& request) { return FakeAgent::result(request, "{}"); });
    }
    /// The agent listens some time after `start` has returned, like a real one.
    LaunchPlan plan() {
        return {socket,
                [this](const std::string&) -> platform::Result<platform::UniqueFd> {
                    ++starts;
                    starting = std::thread([this] { start_agent(); });
                    return platform::UniqueFd();
                },
                k_long};
    }
};

} // namespace

TEST_CASE("an agent that is there is used", "[cli]") {
    Place place;
    place.start_agent();
    CHECK(cli::connect_or_launch(place.plan()));
    CHECK(place.starts == 0);
}

TEST_CASE("an absent agent is started and waited for", "[cli]") {
    Place place;
    auto client = cli::connect_or_launch(place.plan());
    REQUIRE(client);
    CHECK(client->call("status", platform::json::Value::object()));
    CHECK(place.starts == 1);
}

TEST_CASE("AG-09: a socket that a dead agent left is no agent", "[cli]") {
    Place place;
    { const auto left = platform::listen_unix(place.socket); }
    CHECK(cli::connect_or_launch(place.plan()));
    CHECK(place.starts == 1);
}

TEST_CASE("of twenty commands at once one starts the agent", "[cli]") {
    Place place;
    const LaunchPlan plan = place.plan();
    std::atomic<int> connected{0};
    std::vector<std::thread> commands;
    for (int i = 0; i < 20; ++i)
        commands.emplace_back([&] { connected += cli::connect_or_launch(plan) ? 1 : 0; });
    for (auto& command : commands)
        command.join();
    CHECK(connected == 20);
    CHECK(place.starts == 1);
}

TEST_CASE("an agent that does not come up is exit 7, and the log is named", "[cli]") {
    Place place;
    LaunchPlan plan = place.plan();
    plan.start = [](const std::string&) { return platform::Result<platform::UniqueFd>(platform::UniqueFd()); };
    plan.patience = std::chrono::milliseconds{1};
    const auto client = cli::connect_or_launch(plan);
    REQUIRE_FALSE(client);
    CHECK(agent::api::exit_code(client.error()) == 7);
    CHECK(client.error().hint.find(place.directory.file("run/agent.log")) != std::string::npos);
}

TEST_CASE("an agent that cannot be started is exit 7", "[cli]") {
    Place place;
    LaunchPlan plan = place.plan();
    plan.start = [](const std::string&) -> platform::Result<platform::UniqueFd> {
        return platform::Error{platform::ErrorKind::not_found, "there is no keyfob-agent"};
    };
    const auto client = cli::connect_or_launch(plan);
    REQUIRE_FALSE(client);
    CHECK(agent::api::exit_code(client.error()) == 7);
    CHECK(client.error().message == "there is no keyfob-agent");
}

TEST_CASE("AG-09: no agent is started in a directory that others can enter", "[cli]") {
    Place place;
    std::filesystem::create_directory(place.directory.file("run"));
    std::filesystem::permissions(place.directory.file("run"), std::filesystem::perms::all);
    const auto client = cli::connect_or_launch(place.plan());
    REQUIRE_FALSE(client);
    CHECK(agent::api::exit_code(client.error()) == 7);
    CHECK(place.starts == 0);
}

TEST_CASE("an agent that ends at once is not waited for, and its own reason is told", "[cli]") {
    Place place;
    LaunchPlan plan = place.plan();
    std::filesystem::create_directory(place.directory.file("run"));
    std::filesystem::permissions(place.directory.file("run"), std::filesystem::perms::owner_all);
    std::ofstream(place.directory.file("run/agent.log")) << "error: of an agent before\n";
    const auto [script, message, hint] = GENERATE(table<std::string, std::string, std::string>(
        {{"echo 'error: no room'; echo 'hint: make some'; exit 1", "keyfob-agent ended at once: no room", "make some"},
         {"exit 1", "keyfob-agent ended at once", "its messages are in "}}));
    plan.start = [script = script](const std::string& log) {
        return platform::spawn_detached({"/bin/sh", "-c", script}, {.output = log});
    };
    const auto client = cli::connect_or_launch(plan);
    REQUIRE_FALSE(client);
    CHECK(agent::api::exit_code(client.error()) == 7);
    CHECK(client.error().message == message);
    CHECK(client.error().hint.starts_with(hint));
    CHECK(client.error().hint.find(place.directory.file("run/agent.log")) != std::string::npos);
}

TEST_CASE("an agent that ended because another is just starting is no failure", "[cli]") {
    Place place;
    LaunchPlan plan = place.plan();
    std::optional<platform::LockFile> held;
    plan.start = [&](const std::string&) -> platform::Result<platform::UniqueFd> {
        held = platform::LockFile::try_lock(agent::api::lock_path(place.socket)).value();
        auto ended = platform::spawn_detached({"/bin/true"});
        pollfd state{ended->get(), POLLIN, 0};
        ::poll(&state, 1, -1);
        place.starting = std::thread([&] { place.start_agent(); });
        return ended;
    };
    CHECK(cli::connect_or_launch(plan));
}

TEST_CASE("a place where no socket can be is told before anything is made", "[cli]") {
    Place place;
    std::ofstream(place.directory.file("file")) << "precious";
    for (const std::string& path : {std::string("made/agent.sock"), std::string("agent.sock"),
                                    place.directory.file("file"), "/" + std::string(200, 'x')}) {
        LaunchPlan plan = place.plan();
        plan.socket_path = path;
        const auto client = cli::connect_or_launch(plan);
        REQUIRE_FALSE(client);
        CHECK(agent::api::exit_code(client.error()) == 7);
        CHECK(client.error().message.find(path) != std::string::npos);
        CHECK_FALSE(client.error().hint.empty());
    }
    CHECK(place.starts == 0);
    CHECK_FALSE(std::filesystem::exists("made"));
    CHECK(std::filesystem::file_size(place.directory.file("file")) == 8);
}

TEST_CASE("two sockets in one folder have agents of their own", "[cli]") {
    Place place;
    Place other;
    other.socket = place.directory.file("run/other.sock");
    CHECK(cli::connect_or_launch(place.plan()));
    const auto busy = platform::LockFile::try_lock(place.socket + ".launch");
    CHECK(cli::connect_or_launch(other.plan()));
    CHECK(other.starts == 1);
}
