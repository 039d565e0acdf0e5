#include "tests/unit/cli/command_fixture.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using tests::CommandFixture;
using tests::FakeAgent;

namespace {

FakeAgent::OnRequest agent_with(const std::string& page, const std::string& code = "BCDF-GHJK") {
    return [=](const FakeAgent::Request& request) {
        if (request.method == "login.start")
            return FakeAgent::result(request, R"({"login_id":"L","verification_uri":")" + page + R"(","user_code":")" +
                                                  code + R"(","expires_in":600,"joined":false})");
        if (request.method == "login.wait")
            return FakeAgent::result(request, R"({"account":)" + CommandFixture::account("https://s.example") + "}");
        return CommandFixture::refuse(request);
    };
}

} // namespace

TEST_CASE("DG-06: login --device shows an address and a code, and opens nothing", "[cli]") {
    CommandFixture fixture(agent_with("https://s.example/device"));
    fixture.set("BROWSER", "/nowhere/browser"); // whoever tries it says so
    const auto outcome = fixture.run_on_terminal({"login", "s.example", "--device"});
    CHECK(outcome.code == 0);
    CHECK(outcome.err.starts_with("To sign in to https://s.example, open this address in any browser:\n\n"
                                  "  https://s.example/device\n\nand type this code there, yourself:\n\n"
                                  "  BCDF-GHJK\n\nNobody else has a reason to ask you for it.\n"));
    CHECK(outcome.err.find("/nowhere") == std::string::npos);
    CHECK(outcome.err.find("ssh") == std::string::npos);
    CHECK(fixture.agent().methods() == std::vector<std::string>{"hello", "login.start", "login.wait"});
    CHECK(platform::json::get_bool(*fixture.agent().requests().at(1).params, "device") == true);
}

TEST_CASE("login --device shows the address as a picture where the terminal can", "[cli]") {
    CommandFixture fixture(agent_with("https://s.example/device"));
    const std::string name = GENERATE("LC_ALL", "LC_CTYPE", "LANG");
    fixture.set(name, "en_US.UTF-8");
    CHECK(fixture.run_on_terminal({"login", "s.example", "--device"}).err.find("\u2588") != std::string::npos);
    fixture.set("LC_ALL", "C");
    CHECK(fixture.run_on_terminal({"login", "s.example", "--device"}).err.find("\u2588") == std::string::npos);
    fixture.set("LC_ALL", "C.utf8");
    CHECK(fixture.run({"login", "s.example", "--device"}).err.find("\u2588") == std::string::npos);
}

TEST_CASE("login --device --json is one event that has both", "[cli]") {
    CommandFixture fixture(agent_with("https://s.example/device"));
    const auto outcome = fixture.run({"login", "s.example", "--device", "--json"});
    CHECK(outcome.out.starts_with(
        R"({"event":"waiting","verification_uri":"https://s.example/device","user_code":"BCDF-GHJK","expires_in":600,)"));
    CHECK(outcome.err.empty());
}

TEST_CASE("AG-06: a page for the code that is not the named server's is not shown", "[cli]") {
    const std::string page =
        GENERATE("https://evil.example/device", "http://s.example/device", "https://s.example:8443/device", "", "x");
    CommandFixture fixture(agent_with(page));
    const auto outcome = fixture.run({"login", "s.example", "--device"});
    CHECK(outcome.code == 7);
    CHECK(outcome.err.find("BCDF") == std::string::npos);
}

TEST_CASE("--device goes with neither --port nor --no-browser", "[cli]") {
    CommandFixture fixture;
    CHECK(fixture.run({"login", "s.example", "--device", "--port", "40123"}).code == 3);
    CHECK(fixture.run({"login", "s.example", "--device", "--no-browser"}).code == 3);
    CHECK(fixture.agent().methods().empty());
}
