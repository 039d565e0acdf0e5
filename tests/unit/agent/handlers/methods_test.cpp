#include "agent/handlers/methods.h"

#include "agent/api/error_code.h"
#include "tests/fakes/method_caller.h"

#include <catch2/catch.hpp>

#include <set>

#include <unistd.h>

using namespace keyfob;
using fakes::MethodCaller;
namespace json = platform::json;

namespace {

const std::string k_server = "http://127.0.0.1:8420";

std::string keychain_state(MethodCaller& f) {
    const auto answer = f.call("status");
    REQUIRE(answer);
    return json::get_string(*json::get_object(*answer, "keychain"), "state").value_or("");
}

} // namespace

TEST_CASE("the table has every method of the protocol, once", "[handlers]") {
    std::set<std::string> names;
    for (const auto& method : agent::handlers::methods()) {
        REQUIRE(method.handler != nullptr);
        REQUIRE(std::string(method.summary).size() > 5);
        names.insert(method.name);
    }
    REQUIRE(names.size() == agent::handlers::methods().size());
    REQUIRE(names == std::set<std::string>{"hello", "login.start", "login.wait", "login.reached", "login.cancel",
                                           "hand_out", "status", "logout", "sessions.list", "sessions.revoke", "stop"});
}

TEST_CASE("a method that does not exist is a usage error, and its name is made printable", "[handlers]") {
    MethodCaller f;
    for (const char* method : {"Status", "status ", "login", "hand_out\n", "\x1b[31mred", "rpc.discover"}) {
        const auto answer = f.call(method);
        REQUIRE(answer.error().code == agent::api::k_usage);
        REQUIRE(answer.error().message.find('\x1b') == std::string::npos);
    }
    REQUIRE(f.call(std::string(60'000, 'x')).error().message.size() < 200);
}

TEST_CASE("hello says who the agent is", "[handlers]") {
    MethodCaller f;
    const auto parameters = GENERATE(values<std::string>({"{}", R"({"client":"test/1","protocol":1})"}));
    const auto answer = f.call("hello", parameters);
    REQUIRE(answer);
    CHECK(json::get_string(*answer, "agent") == "keyfob-agent");
    CHECK(json::get_string(*answer, "version") == KEYFOB_VERSION);
    CHECK(json::get_integer(*answer, "protocol") == 1);
    CHECK(json::get_integer(*answer, "pid") == ::getpid());
    CHECK(json::get_array(*answer, "capabilities")->size() == 4);
}

TEST_CASE("hello refuses another version of the protocol", "[handlers]") {
    const auto version = GENERATE(values<std::string>({"0", "2", "-1", "9223372036854775807"}));
    MethodCaller f;
    const auto answer = f.call("hello", "{\"protocol\":" + version + "}");
    REQUIRE_FALSE(answer);
    REQUIRE(answer.error().code == agent::api::k_usage);
    REQUIRE(answer.error().hint.find("restart") != std::string::npos);
}

TEST_CASE("a parameter of a wrong type is a usage error, not an absent one", "[handlers]") {
    const auto wrong = GENERATE(
        table<std::string, std::string>({{"hello", R"({"protocol":"1"})"},
                                         {"hello", R"({"client":1})"},
                                         {"hand_out", R"({"url":"/x","account":5})"},
                                         {"hand_out", R"({"url":"/x","account":null})"},
                                         {"hand_out", R"({"url":"/x","method":["GET"]})"},
                                         {"logout", R"({"account":5})"},
                                         {"logout", R"({"all":"true"})"},
                                         {"logout", R"({"all":1})"},
                                         {"login.start", R"({"server":"http://127.0.0.1:8420","port":"80"})"},
                                         {"login.start", R"({"server":"http://127.0.0.1:8420","timeout":60.0})"},
                                         {"login.start", R"({"server":"http://127.0.0.1:8420","device_name":{}})"}}));
    CAPTURE(std::get<0>(wrong), std::get<1>(wrong));
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    REQUIRE(f.code(std::get<0>(wrong), std::get<1>(wrong)) == agent::api::k_usage);
    REQUIRE(f.accounts.all().size() == 1);
    REQUIRE(f.transport.requests().empty());
}

TEST_CASE("status shows the agent, the keychain and the accounts, and no secret", "[handlers]") {
    MethodCaller f;
    f.add_account(k_server, "42", "ann@example.com");
    f.add_account(k_server, "43", "ben@example.com", "session-2")->ended = true;
    const auto answer = f.call("status");
    REQUIRE(answer);
    CHECK(json::get_string(*json::get_object(*answer, "agent"), "socket") == "/run/keyfob/agent.sock");
    CHECK(json::get_string(*json::get_object(*answer, "keychain"), "tier") == "fake");
    CHECK(json::get_string(*json::get_object(*answer, "keychain"), "state") == "ready");
    const auto* accounts = json::get_array(*answer, "accounts");
    REQUIRE(accounts->size() == 2);
    std::set<std::string> states;
    for (const json::Value& account : *accounts)
        states.insert(*json::get_string(account, "state"));
    CHECK(states == std::set<std::string>{"ended", "signed_in"});
    const std::string text = json::to_text(*answer);
    for (const char* secret : {"cookie-of", "challenge-1", "PRIVATE", "device_key"})
        CHECK(text.find(secret) == std::string::npos);
    CHECK(f.transport.requests().empty());
}

TEST_CASE("status never fails for the keychain's sake", "[handlers]") {
    const std::vector<std::string> states{"locked", "unreachable", "timed_out", "denied"};
    for (std::size_t i = 0; i < states.size(); ++i) {
        MethodCaller f;
        f.keychain.failure = fakes::keychain_failures()[i];
        REQUIRE(keychain_state(f) == states[i]);
        f.keychain.failure.reset();
        REQUIRE(keychain_state(f) == "ready");
        f.keychain.failure = fakes::keychain_failures()[i]; // after the accounts were read
        REQUIRE(keychain_state(f) == states[i]);
    }
}

TEST_CASE("stop is answered, and ends the agent", "[handlers]") {
    MethodCaller f;
    REQUIRE(f.call("stop"));
    REQUIRE(f.stops == 1);
}
