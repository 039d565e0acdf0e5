#include "cli/login_wait.h"

#include "agent/api/error_code.h"
#include "tests/support/must.h"
#include "tests/unit/cli/command_fixture.h"

#include <catch2/catch.hpp>

#include <csignal>

using namespace keyfob;
using namespace std::chrono_literals;
using cli::LoginWait;
using cli::StartedLogin;
using tests::CommandFixture;
using tests::FakeAgent;
using tests::must;

namespace {

/// A command in front of a terminal that waits for a login which has begun.
struct Fixture {
    explicit Fixture(FakeAgent::OnRequest on_request, bool json = false)
        : command(std::move(on_request)), console(out.fd(), terminal.fd(), [](const char*) { return "1"; }),
          report(console, json) {}

    platform::Result<platform::json::Value> wait(std::chrono::milliseconds browser_patience) {
        auto agent = must(agent::api::Client::connect(command.directory().file("agent.sock"), "test"));
        return LoginWait(agent, login, interrupt, report).run(std::nullopt, browser_patience);
    }

    CommandFixture command;
    tests::Terminal out;
    tests::Terminal terminal;
    cli::Console console;
    cli::LoginReport report;
    cli::Interrupt interrupt;
    const StartedLogin login{"L", must(platform::Url::parse("http://127.0.0.1:40123/s/abc")), "", 600, false};
};

std::string signed_in(const FakeAgent::Request& request) {
    return FakeAgent::result(request, R"({"account":)" + CommandFixture::account("https://s.example") + "}");
}

} // namespace

TEST_CASE("CL-05: when no browser comes, the terminal says once what to do, and the login goes on", "[cli]") {
    tests::Terminal* terminal = nullptr;
    Fixture fixture([&](const FakeAgent::Request& request) -> std::string {
        if (request.method == "login.wait")
            return {};
        terminal->wait_for("where the server allows it\n"); // nobody comes, until that is said
        return FakeAgent::result(request, R"({"reached":true})") + signed_in({request.id - 1, "login.wait", {}});
    });
    terminal = &fixture.terminal;
    CHECK(fixture.wait(1ms));
    const std::string text = fixture.terminal.text();
    CHECK(text.starts_with("note: no browser has reached this machine yet\nhint: is it on another machine? run `ssh -L "
                           "40123:127.0.0.1:40123 "));
    CHECK(text.find("note: ") == text.rfind("note: "));
    CHECK(fixture.out.text().empty());
}

TEST_CASE("CL-05: for programs the same is one event", "[cli]") {
    tests::Terminal* out = nullptr;
    Fixture fixture(
        [&](const FakeAgent::Request& request) -> std::string {
            if (request.method == "login.wait")
                return {};
            out->wait_for("}\n");
            return FakeAgent::result(request, R"({"reached":true})") + signed_in({request.id - 1, "login.wait", {}});
        },
        true);
    out = &fixture.out;
    CHECK(fixture.wait(1ms));
    const auto event = must(platform::json::parse_object(fixture.out.text()));
    CHECK(platform::json::get_string(*event, "event") == "not_reached");
    CHECK(platform::json::get_string(*event, "url") == "http://127.0.0.1:40123/s/abc");
    CHECK(platform::json::get_string(*event, "hint")->find("ssh -L 40123") != std::string::npos);
    CHECK(fixture.terminal.text().empty());
}

TEST_CASE("CL-05: a browser that has come is nothing to talk about", "[cli]") {
    Fixture fixture([](const FakeAgent::Request& request) {
        return request.method == "login.wait"
                   ? std::string()
                   : FakeAgent::result(request, R"({"reached":true})") + signed_in({request.id - 1, "login.wait", {}});
    });
    CHECK(fixture.wait(cli::k_browser_patience));
    CHECK(fixture.terminal.text().empty());
    CHECK(cli::k_browser_patience == 20s);
}

TEST_CASE("CL-05: an agent that does not know the question is waited for all the same", "[cli]") {
    Fixture fixture([](const FakeAgent::Request& request) {
        return request.method == "login.wait" ? std::string()
                                              : FakeAgent::error(request, "usage", "there is no such method") +
                                                    signed_in({request.id - 1, "login.wait", {}});
    });
    CHECK(fixture.wait(cli::k_browser_patience));
    CHECK(fixture.terminal.text().empty());
}

TEST_CASE("an end that comes before any browser is told at once", "[cli]") {
    Fixture fixture([](const FakeAgent::Request& request) {
        return request.method == "login.wait" ? FakeAgent::error(request, "timed_out", "nobody finished")
                                              : FakeAgent::result(request, R"({"reached":false})");
    });
    const auto end = fixture.wait(cli::k_browser_patience);
    REQUIRE_FALSE(end);
    CHECK(end.error().code == agent::api::k_timed_out);
    CHECK(fixture.terminal.text().empty());
}

TEST_CASE("Ctrl-C counts before a browser has come, and after", "[cli]") {
    const bool has_come = GENERATE(true, false);
    FakeAgent::Request waiting;
    Fixture fixture([&](const FakeAgent::Request& request) -> std::string {
        if (request.method == "login.wait") {
            waiting = request;
            return {};
        }
        if (request.method == "login.cancel")
            return FakeAgent::result(request, "{}") + FakeAgent::error(waiting, "cancelled", "left to others");
        ::kill(::getpid(), SIGINT);
        return has_come ? FakeAgent::result(request, R"({"reached":true})") : "";
    });
    const auto end = fixture.wait(cli::k_browser_patience);
    REQUIRE_FALSE(end);
    CHECK(end.error().code == agent::api::k_cancelled);
    CHECK(end.error().message == "left to others"); // the agent knows what leaving has ended
    CHECK(fixture.command.agent().methods().back() == "login.cancel");
}
