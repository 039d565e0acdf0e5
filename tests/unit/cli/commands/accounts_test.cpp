#include "cli/account_text.h"
#include "tests/unit/cli/command_fixture.h"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace keyfob;
using tests::CommandFixture;
using tests::FakeAgent;

namespace {

FakeAgent::OnRequest answering(const std::string& json) {
    return [json](const FakeAgent::Request& request) { return FakeAgent::result(request, json); };
}
bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}
std::string status_with(const std::string& accounts, const std::string& state = "ready") {
    return R"({"agent":{"version":"9","pid":17,"socket":"/s"},"keychain":{"tier":"secret-service","state":")" + state +
           R"(","detail":""},"accounts":[)" + accounts + "]}";
}

} // namespace

TEST_CASE("status shows accounts, keychain and agent", "[cli]") {
    CommandFixture fixture(answering(status_with(CommandFixture::account("https://s.example") + "," +
                                                 CommandFixture::account("https://t.example", "ended"))));
    const auto outcome = fixture.run({"status"});
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    CHECK(contains(outcome.out, "version 9, process 17, /s"));
    CHECK(contains(outcome.out, "secret-service, ready"));
    CHECK(contains(outcome.out, "https://s.example"));
    CHECK(contains(outcome.out, "Ann <ann@example.com>, through demo"));
    CHECK(contains(outcome.out, "until 2"));
    CHECK(contains(outcome.out, "ended by the server; " KEYFOB_CLI_NAME " login https://t.example"));
}

TEST_CASE("status is exit 0 whatever it has to tell", "[cli]") {
    CommandFixture locked(answering(status_with("", "locked")));
    const auto outcome = locked.run({"status"});
    CHECK(outcome.code == 0);
    CHECK(contains(outcome.out, "secret-service, locked"));
    CHECK(contains(outcome.out, "account   unknown"));
    CommandFixture ready(answering(status_with("")));
    CHECK(contains(ready.run({"status"}).out, "none; " KEYFOB_CLI_NAME " login"));
}

TEST_CASE("status --json prints the agent's words", "[cli]") {
    CommandFixture fixture(answering(status_with(CommandFixture::account("https://s.example"))));
    const auto outcome = fixture.run({"status", "--json"});
    CHECK(std::count(outcome.out.begin(), outcome.out.end(), '\n') == 1);
    const auto status = platform::json::parse_object(outcome.out);
    REQUIRE(status);
    CHECK(platform::json::get_array(**status, "accounts")->size() == 1);
    CHECK(platform::json::get_integer(*platform::json::get_object(**status, "agent"), "pid") == 17);
}

TEST_CASE("CL-02: a status full of control characters and wrong types is harmless", "[cli]") {
    CommandFixture fixture(answering(
        R"({"agent":5,"keychain":{"tier":"\u001b[2J","state":[],"detail":"\u0007\u202e"},"accounts":[null,5,{"name":"\u001b]0;x\u0007","user":{"name":"\u009b"},"session_expires_at":"soon"},{"session_expires_at":9223372036854775807}]})"));
    for (const auto& words : {std::vector<std::string>{"status"}, {"status", "--json"}}) {
        const auto outcome = fixture.run(words);
        CHECK(outcome.code == 0);
        CHECK(outcome.out.find_first_of("\x1b\x07") == std::string::npos);
        CHECK_FALSE(contains(outcome.out, "\u202E"));
        CHECK_FALSE(contains(outcome.out, "\u009B"));
    }
}

TEST_CASE("expiry is told as a time and a distance", "[cli]") {
    CHECK(contains(cli::describe_expiry(1'800'000'000, 1'800'000'000 - 86400 * 29 - 5), ", in 29 days"));
    CHECK(contains(cli::describe_expiry(1'800'000'000, 1'800'000'000 - 3700), ", in 1 hour"));
    CHECK(contains(cli::describe_expiry(1'800'000'000, 1'800'000'000 - 7), ", in 7 seconds"));
    CHECK(contains(cli::describe_expiry(1'800'000'000, 1'800'000'000), "which is over"));
    CHECK(cli::describe_expiry(INT64_MAX, 0) == "unknown");
}

TEST_CASE("AG-13: logout says which sessions ended, and which server could not be told", "[cli]") {
    CommandFixture fixture(
        answering(R"({"ended":[{"account":"ann@s","server":"https://s.example","revoked":true,"detail":""},)"
                  R"({"account":"bob@t","server":"https://t.example","revoked":false,"detail":"no\u001b route"}]})"));
    const auto outcome = fixture.run({"logout", "--all"});
    CHECK(outcome.code == 0);
    CHECK(outcome.out.empty());
    CHECK(contains(outcome.err, "Signed out: ann@s\n"));
    CHECK(contains(outcome.err, "Signed out: bob@t\n"));
    CHECK(contains(outcome.err, "warning: https://t.example could not be told: no\\x1b route"));
    CHECK_FALSE(contains(outcome.err, "https://s.example could not"));
    CHECK(platform::json::get_bool(*fixture.agent().requests().back().params, "all") == true);
}

TEST_CASE("logout names the account that is meant", "[cli]") {
    CommandFixture fixture(answering(R"({"ended":[]})"));
    const auto asked = [&] { return platform::json::get_string(*fixture.agent().requests().back().params, "account"); };
    fixture.run({"logout"});
    CHECK_FALSE(asked());
    fixture.run({"logout", "--account", "ann"});
    CHECK(asked() == "ann");
    fixture.set("KEYFOB_ACCOUNT", "bob");
    fixture.run({"logout"});
    CHECK(asked() == "bob");
}

TEST_CASE("signing out when nobody is signed in is done; a name that fits nobody is exit 4", "[cli]") {
    CommandFixture fixture(
        [](const FakeAgent::Request& request) { return FakeAgent::error(request, "sign_in_needed", "nobody"); });
    CHECK(fixture.run({"logout"}).code == 0);
    CHECK(fixture.run({"logout", "--account", "x"}).code == 4);
}

TEST_CASE("more than one account is a question, exit 3", "[cli]") {
    CommandFixture fixture([](const FakeAgent::Request& request) {
        return FakeAgent::error(request, "usage", "more than one account fits: a, b", "--account NAME");
    });
    CHECK(fixture.run({"logout"}).code == 3);
}
