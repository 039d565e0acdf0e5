#include "agent/api/client.h"

#include "agent/api/error_code.h"
#include "agent/api/messages.h"
#include "tests/support/fake_agent.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <unistd.h>

using namespace keyfob;
using agent::api::Client;
using platform::ErrorKind;
using platform::json::Value;
using tests::FakeAgent;

namespace {

struct Fixture {
    explicit Fixture(FakeAgent::OnRequest on_request) : agent(directory.file("s"), std::move(on_request)) {}
    Client client() const { return std::move(Client::connect(directory.file("s"), "test/1")).value(); }

    tests::TemporaryDirectory directory;
    FakeAgent agent;
};

/// The error of a call that is answered with these octets.
platform::Error error_for(const std::string& octets) {
    const Fixture fixture([&](const FakeAgent::Request&) { return octets; });
    auto client = fixture.client();
    const auto answer = client.call("status", Value::object());
    REQUIRE_FALSE(answer);
    return answer.error();
}

} // namespace

TEST_CASE("hello goes out once, with the first request", "[agent][api]") {
    const Fixture fixture([](const FakeAgent::Request& request) { return FakeAgent::result(request, R"({"a":1})"); });
    auto client = fixture.client();
    REQUIRE(client.call("status", Value::object()));
    REQUIRE(client.call("stop", Value::object()));
    CHECK(fixture.agent.methods() == std::vector<std::string>{"hello", "status", "stop"});
    const auto hello = fixture.agent.requests()[0];
    CHECK(platform::json::get_string(*hello.params, "client") == "test/1");
    CHECK(platform::json::get_integer(*hello.params, "protocol") == 1);
}

TEST_CASE("answers may come in any order", "[agent][api]") {
    std::string held;
    const Fixture fixture([&](const FakeAgent::Request& request) -> std::string {
        const std::string answer = FakeAgent::result(request, R"({"is":")" + request.method + "\"}");
        if (request.method == "first") {
            held = answer;
            return {};
        }
        return answer + held;
    });
    auto client = fixture.client();
    const auto first = client.send("first", Value::object());
    const auto second = client.send("second", Value::object());
    REQUIRE((first && second));
    CHECK(platform::json::get_string(*client.receive(*first), "is") == "first");
    CHECK(platform::json::get_string(*client.receive(*second), "is") == "second");
}

TEST_CASE("an error of the agent keeps its word, and its texts are made harmless", "[agent][api][CL-02]") {
    const Fixture fixture([](const FakeAgent::Request& request) {
        return FakeAgent::error(request, "keychain_locked", R"(locked \u001b[31m)", R"(unlock\u0007)");
    });
    auto client = fixture.client();
    const auto answer = client.call("status", Value::object());
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == "keychain_locked");
    CHECK(answer.error().kind == ErrorKind::locked);
    CHECK(answer.error().message == "locked \\x1b[31m");
    CHECK(answer.error().hint == "unlock\\x07");
}

TEST_CASE("what is no answer means that the agent is unreachable", "[agent][api]") {
    const std::string wrong =
        GENERATE(std::string("garbage\n"), std::string("{\"jsonrpc\":\"2.0\",\"id\":1}\n"), std::string("\xff\xfe\n"),
                 std::string("[]\n"), std::string("{\"id\":1,\"id\":1,\"result\":{}}\n"),
                 std::string("{\"id\":1,\"result\":[]}\n"), std::string("\0\n", 2), std::string("\n"),
                 std::string("{\"id\":1,\"error\":5}\n"));
    CHECK(error_for(wrong).code == agent::api::k_agent_unreachable);
}

TEST_CASE("an answer without end is given up at 1 MiB", "[agent][api]") {
    const auto error = error_for("{\"a\":\"" + std::string(agent::api::k_longest_answer, 'x'));
    CHECK(error.code == agent::api::k_agent_unreachable);
    CHECK(error.message.find("too long") != std::string::npos);
}

TEST_CASE("a line is bounded even when its end has come with it", "[agent][api]") {
    const std::string body(agent::api::k_longest_answer, ' ');
    CHECK(error_for(body + "{\"id\":1,\"result\":{}}\n").code == agent::api::k_agent_unreachable);
}

TEST_CASE("a hundred accounts whose names are as long as can be fit into an answer", "[agent][api]") {
    const std::string name(255, 'x');
    std::string escaped; // 255 octets of a name that need six each
    for (int i = 0; i < 255; ++i)
        escaped += "\\u0022";
    std::string accounts;
    for (int i = 0; i < 100; ++i)
        accounts += std::string(i == 0 ? "" : ",") + R"({"name":")" + escaped + "@" + name + R"(","server":")" + name +
                    R"(","user":{"issuer":")" + name + R"(","subject":")" + name + R"(","name":")" + escaped +
                    R"(","email":")" + escaped + R"(","provider":")" + name + R"("},"session_id":")" + name + "\"}";
    const Fixture fixture([&](const FakeAgent::Request& request) {
        return FakeAgent::result(request, R"({"accounts":[)" + accounts + "]}");
    });
    auto client = fixture.client();
    const auto answer = client.call("status", Value::object());
    REQUIRE(answer);
    CHECK(platform::json::get_array(*answer, "accounts")->size() == 100);
}

TEST_CASE("an agent that does not speak our protocol says why", "[agent][api]") {
    const auto error = error_for(
        "{\"id\":null,\"error\":{\"code\":-32600,\"message\":\"other version\",\"data\":{\"code\":\"usage\"}}}\n");
    CHECK(error.message == "other version");
    CHECK(error.code == agent::api::k_agent_unreachable);
    CHECK(
        error.hint.starts_with("`pkill -u " + std::to_string(::getuid()) + " keyfob-agent` ends the agent that runs"));
}

TEST_CASE("answers to what nobody asked are not kept", "[agent][api]") {
    const Fixture fixture([](const FakeAgent::Request& request) {
        return "{\"id\":99,\"result\":{}}\n{\"id\":-1,\"result\":{}}\n{\"id\":\"1\",\"result\":{\"is\":\"wrong\"}}\n" +
               FakeAgent::result(request, R"({"is":"right"})");
    });
    auto client = fixture.client();
    const auto answer = client.call("status", Value::object());
    REQUIRE(answer);
    CHECK(platform::json::get_string(*answer, "is") == "right");
}

TEST_CASE("waiting ends when the interrupting descriptor is readable, and can go on", "[agent][api]") {
    FakeAgent::Request waiting;
    const Fixture fixture([&](const FakeAgent::Request& request) -> std::string {
        if (request.method == "wait") {
            waiting = request;
            return {};
        }
        return FakeAgent::result(request, "{}") + FakeAgent::result(waiting, R"({"is":"late"})");
    });
    auto client = fixture.client();
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const platform::UniqueFd reading(ends[0]);
    platform::UniqueFd writing(ends[1]);
    REQUIRE(::write(writing.get(), "x", 1) == 1);
    const auto id = client.send("wait", Value::object());
    REQUIRE(id);
    const auto interrupted = client.receive(*id, {.interrupt = reading.get()});
    REQUIRE_FALSE(interrupted);
    CHECK(interrupted.error().code == Client::k_interrupted);
    const auto event = client.receive(*id, {.event = reading.get()});
    REQUIRE_FALSE(event);
    CHECK(event.error().code == Client::k_event);
    REQUIRE(client.call("go", Value::object()));
    CHECK(platform::json::get_string(*client.receive(*id), "is") == "late");
}

TEST_CASE("an agent that does not answer, because it is stopped, is not waited for without end", "[agent][api]") {
    const Fixture fixture([](const FakeAgent::Request&) { return std::string(); });
    auto client = fixture.client();
    const auto id = client.send("status", Value::object());
    REQUIRE(id);
    const auto answer = client.receive(*id, {.longest = std::chrono::seconds{0}});
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == agent::api::k_agent_unreachable);
}

TEST_CASE("a request that no agent would take is not sent", "[agent][api]") {
    const Fixture fixture([](const FakeAgent::Request& request) { return FakeAgent::result(request, "{}"); });
    auto client = fixture.client();
    const Value parameters{{"url", std::string(agent::api::k_longest_line, 'x')}};
    const auto sent = client.send("hand_out", parameters);
    REQUIRE_FALSE(sent);
    CHECK(sent.error().code == agent::api::k_usage);
    CHECK(client.call("status", Value::object()));
}

TEST_CASE("without an agent the error says which kind of absence it is", "[agent][api]") {
    const tests::TemporaryDirectory directory;
    const auto nothing = Client::connect(directory.file("s"), "test");
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().kind == ErrorKind::not_found);
    CHECK(nothing.error().code == agent::api::k_agent_unreachable);
    { auto left = platform::listen_unix(directory.file("s")); }
    const auto stale = Client::connect(directory.file("s"), "test");
    REQUIRE_FALSE(stale);
    CHECK(stale.error().kind == ErrorKind::unreachable);
}

TEST_CASE("an agent that goes away ends the wait", "[agent][api]") {
    tests::TemporaryDirectory directory;
    auto listener = std::move(platform::listen_unix(directory.file("s"))).value();
    auto client = std::move(Client::connect(directory.file("s"), "test")).value();
    const auto id = client.send("status", Value::object());
    REQUIRE(id);
    listener.reset(); // takes the waiting connection with it
    const auto answer = client.receive(*id);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == agent::api::k_agent_unreachable);
}
