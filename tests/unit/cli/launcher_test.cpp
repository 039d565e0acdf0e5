#include "cli/launcher.h"

#include "agent/api/error_code.h"
#include "tests/support/fake_agent.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

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
                [this](const std::string&) -> platform::Result<void> {
                    ++starts;
                    starting = std::thread([this] { start_agent(); });
                    return {};
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
    CHECK(client->call("status", Poco::JSON::Object()));
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
    plan.start = [](const std::string&) { return platform::Result<void>(); };
    plan.patience = std::chrono::milliseconds{1};
    const auto client = cli::connect_or_launch(plan);
    REQUIRE_FALSE(client);
    CHECK(agent::api::exit_code(client.error()) == 7);
    CHECK(client.error().hint.find(place.directory.file("run/agent.log")) != std::string::npos);
}

TEST_CASE("an agent that cannot be started is exit 7", "[cli]") {
    Place place;
    LaunchPlan plan = place.plan();
    plan.start = [](const std::string&) -> platform::Result<void> {
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
