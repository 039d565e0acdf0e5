#include "tests/unit/cli/command_fixture.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <fstream>
#include <sstream>

#include <sys/stat.h>

using namespace keyfob;
using tests::CommandFixture;
using tests::FakeAgent;

namespace {

constexpr const char* k_started = R"({"login_id":"L","start_url":"http://127.0.0.1:40123/s/abc","expires_in":600})";

/// An agent where somebody signs in at once.
std::string sign_in(const FakeAgent::Request& request) {
    if (request.method == "login.start")
        return FakeAgent::result(request, k_started);
    if (request.method == "login.wait")
        return FakeAgent::result(request, R"({"account":)" + CommandFixture::account("https://s.example") + "}");
    if (request.method == "status")
        return FakeAgent::result(request, R"({"accounts":[]})");
    return CommandFixture::refuse(request);
}

FakeAgent::OnRequest ending_with(const std::string& word, const std::string& message) {
    return [=](const FakeAgent::Request& request) {
        return request.method == "login.wait" ? FakeAgent::error(request, word, message, "a hint") : sign_in(request);
    };
}

std::string started_server(CommandFixture& fixture) {
    for (const auto& request : fixture.agent().requests())
        if (request.method == "login.start")
            return platform::json::get_string(*request.params, "server").value_or("");
    return "none";
}

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

} // namespace

TEST_CASE("login tells the address, then who is signed in, all on stderr", "[cli]") {
    CommandFixture fixture(sign_in);
    const auto outcome = fixture.run({"login", "s.example", "--no-browser"});
    CHECK(outcome.code == 0);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find("\n  http://127.0.0.1:40123/s/abc\n") != std::string::npos);
    CHECK(outcome.err.find("Ctrl-C cancels") != std::string::npos);
    CHECK(lines_of(outcome.err).back() == "Signed in to https://s.example as Ann <ann@example.com>.");
    CHECK(fixture.agent().methods() == std::vector<std::string>{"hello", "login.start", "login.wait", "login.reached"});
}

TEST_CASE("login --json prints exactly two events", "[cli]") {
    CommandFixture fixture(sign_in);
    const auto outcome = fixture.run({"login", "s.example", "--json"});
    CHECK(outcome.code == 0);
    CHECK(outcome.err.empty());
    const auto lines = lines_of(outcome.out);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0] == R"({"event":"waiting","url":"http://127.0.0.1:40123/s/abc","expires_in":600,"joined":false})");
    CHECK(lines[1].starts_with(R"({"event":"signed_in","account":{)"));
    const auto event = platform::json::parse_object(lines[1]);
    REQUIRE(event);
    CHECK(platform::json::get_string(*platform::json::get_object(**event, "account"), "name") == "ann@s");
}

TEST_CASE("the end of a login decides the exit code", "[cli]") {
    const auto [word, code] = GENERATE(table<std::string, int>({{"cancelled", 2},
                                                                {"refused", 6},
                                                                {"timed_out", 9},
                                                                {"keychain_locked", 5},
                                                                {"keychain_unreachable", 8},
                                                                {"keychain_denied", 10},
                                                                {"something new", 1}}));
    CommandFixture fixture(ending_with(word, "the provider said no"));
    const auto outcome = fixture.run({"login", "s.example"});
    CHECK(outcome.code == code);
    CHECK(outcome.err.find("error: the provider said no\nhint: a hint\n") != std::string::npos);
    const auto json = fixture.run({"login", "s.example", "--json"});
    CHECK(json.code == code);
    CHECK(lines_of(json.out).back() == R"({"event":"error","code":")" + (code == 1 ? "failed" : word) +
                                           R"(","message":"the provider said no","hint":"a hint"})");
}

TEST_CASE("CL-02: texts of the provider cannot command the terminal", "[cli]") {
    CommandFixture fixture(ending_with("cancelled", R"(no \u001b]0;x\u0007 \u202e \u009b31m)"));
    for (const auto& words : {std::vector<std::string>{"login", "s.example"}, {"login", "s.example", "--json"}}) {
        const auto outcome = fixture.run(words);
        const std::string all = outcome.out + outcome.err;
        CHECK(all.find_first_of("\x1b\x07") == std::string::npos);
        CHECK(all.find("\u202E") == std::string::npos);
        CHECK(all.find("\u009B") == std::string::npos);
    }
}

TEST_CASE("AG-06: only an address on this machine is shown and opened", "[cli]") {
    const std::string url =
        GENERATE("https://evil.example/", "http://192.0.2.1/s/x", "file:///etc/passwd", "javascript:alert(1)", "",
                 "http://127.0.0.1.evil.example/s/x", "https://127.0.0.1:1/", "http://127.0.0.1:1/$(reboot) x");
    CommandFixture fixture([=](const FakeAgent::Request& request) {
        return FakeAgent::result(request, R"({"login_id":"L","expires_in":600,"start_url":")" + url + "\"}");
    });
    fixture.set("BROWSER", "/bin/false");
    const auto outcome = fixture.run_on_terminal({"login", "s.example"});
    CHECK(outcome.code == 7);
    CHECK(outcome.err.find("evil") == std::string::npos);
    CHECK(fixture.agent().methods().back() == "login.start");
}

TEST_CASE("the server is the argument, else KEYFOB_SERVER", "[cli]") {
    CommandFixture fixture(sign_in);
    fixture.set("KEYFOB_SERVER", "127.0.0.1:8420");
    SECTION("argument") {
        fixture.run({"login", "s.example"});
        CHECK(started_server(fixture) == "https://s.example");
    }
    SECTION("variable") {
        fixture.run({"login"});
        CHECK(started_server(fixture) == "http://127.0.0.1:8420");
    }
    SECTION("a wrong variable") {
        fixture.set("KEYFOB_SERVER", "http://s.example");
        CHECK(fixture.run({"login"}).code == 3);
        CHECK(started_server(fixture) == "none");
    }
}

TEST_CASE("without a server named, it is the one where somebody is signed in", "[cli]") {
    std::string accounts;
    CommandFixture fixture([&](const FakeAgent::Request& request) {
        return request.method == "status" ? FakeAgent::result(request, R"({"accounts":[)" + accounts + "]}")
                                          : sign_in(request);
    });
    SECTION("one") {
        accounts = CommandFixture::account("https://s.example") + "," + CommandFixture::account("https://s.example");
        CHECK(fixture.run({"login"}).code == 0);
        CHECK(started_server(fixture) == "https://s.example");
    }
    SECTION("none") {
        CHECK(fixture.run({"login"}).code == 3);
    }
    SECTION("several") {
        accounts = CommandFixture::account("https://s.example") + "," + CommandFixture::account("https://t.example");
        CHECK(fixture.run({"login"}).code == 3);
    }
    SECTION("nonsense") {
        accounts = R"({"server":"file:///"},5,null)";
        CHECK(fixture.run({"login"}).code == 3);
    }
}

TEST_CASE("port and timeout reach the agent", "[cli]") {
    CommandFixture fixture(sign_in);
    CHECK(fixture.run({"login", "s.example", "--port", "40123", "--timeout", "2m"}).code == 0);
    const auto parameters = fixture.agent().requests()[1].params;
    CHECK(platform::json::get_integer(*parameters, "port") == 40123);
    CHECK(platform::json::get_integer(*parameters, "timeout") == 120);
}

TEST_CASE("$BROWSER is started with the address, unless --no-browser", "[cli]") {
    CommandFixture fixture(sign_in);
    const std::string program = fixture.directory().file("browser");
    const std::string fifo = fixture.directory().file("fifo");
    REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
    std::ofstream(program) << "#!/bin/sh\necho \"$1\" > " << fifo << "\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    fixture.set("BROWSER", program);
    CHECK(fixture.run_on_terminal({"login", "s.example"}).code == 0);
    std::string url;
    std::getline(std::ifstream(fifo) >> std::ws, url);
    CHECK(url == "http://127.0.0.1:40123/s/abc");

    fixture.set("BROWSER", "/nowhere/browser");
    const auto failed = fixture.run_on_terminal({"login", "s.example"});
    CHECK(failed.code == 0);
    CHECK(failed.err.find("note: no browser was opened: ") != std::string::npos);
    CHECK(fixture.run_on_terminal({"login", "s.example", "--no-browser"}).err.find("note: ") == std::string::npos);
    CHECK(fixture.run_on_terminal({"login", "s.example", "--json"}).err.empty());
}

TEST_CASE("an opener that fails is told while the login goes on", "[cli]") {
    tests::Terminal terminal;
    CommandFixture fixture([&](const FakeAgent::Request& request) -> std::string {
        if (request.method == "login.wait")
            return {};
        if (request.method == "login.reached") { // the login ends only after that
            terminal.wait_for("note: no browser was opened: the program that opens it ended with exit code 3; ");
            return FakeAgent::result(request, R"({"reached":true})") +
                   sign_in({request.id - 1, "login.wait", request.params});
        }
        return sign_in(request);
    });
    const std::string program = fixture.directory().file("browser");
    std::ofstream(program) << "#!/bin/sh\nexit 3\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    fixture.set("BROWSER", program);
    fixture.set("NO_COLOR", "1");
    const tests::Capture out;
    cli::Console console(out.fd(), terminal.fd(), fixture.environment());
    CHECK(cli::run_program({"login", "s.example"}, cli::command_table(), console, fixture.environment()) == 0);
}

TEST_CASE("with no terminal no browser is ever opened, whatever BROWSER says, and that is said", "[cli]") {
    CommandFixture fixture(sign_in);
    fixture.set("DISPLAY", ":0");
    fixture.set("BROWSER", "/nowhere/browser"); // whoever tries it says so
    const auto outcome = fixture.run({"login", "s.example"});
    CHECK(outcome.code == 0);
    CHECK(outcome.err.find("note: no browser was opened: messages do not go to a terminal here; ") !=
          std::string::npos);
    CHECK(outcome.err.find("/nowhere") == std::string::npos);
    CHECK(fixture.run({"login", "s.example", "--json"}).err.empty());
    CHECK(fixture.run_on_terminal({"login", "s.example"}).err.find("/nowhere") != std::string::npos);
}

TEST_CASE("AG-10: who joins prints the address, says so, and leaves the browser to the first", "[cli]") {
    CommandFixture fixture([](const FakeAgent::Request& request) {
        if (request.method != "login.start")
            return sign_in(request);
        return FakeAgent::result(
            request, R"({"login_id":"L","start_url":"http://127.0.0.1:40123/s/abc","expires_in":60,"joined":true})");
    });
    fixture.set("BROWSER", "/nowhere/browser"); // whoever tries it says so
    const auto outcome = fixture.run_on_terminal({"login", "s.example"});
    CHECK(outcome.code == 0);
    CHECK(outcome.err.find("note: a sign-in to https://s.example is already waiting; joining it\n") == 0);
    CHECK(outcome.err.find("\n  http://127.0.0.1:40123/s/abc\n") != std::string::npos);
    CHECK(outcome.err.find("/nowhere") == std::string::npos);
    CHECK(outcome.err.find("Ctrl-C cancels") == std::string::npos);
    CHECK(lines_of(fixture.run({"login", "s.example", "--json"}).out)[0].ends_with(R"("joined":true})"));
}

TEST_CASE("CL-03: without a browser here, login tells how to use one elsewhere", "[cli]") {
    CommandFixture fixture(sign_in);
    fixture.set("BROWSER", "/nowhere/browser");
    for (const auto& words : {std::vector<std::string>{"login", "s.example"}, {"login", "s.example", "--no-browser"}})
        CHECK(fixture.run_on_terminal(words).err.find("`ssh -L 40123:127.0.0.1:40123 ") != std::string::npos);
}

TEST_CASE("Ctrl-C cancels the login at the agent and is exit 2", "[cli]") {
    const int signal = GENERATE(SIGINT, SIGTERM);
    FakeAgent::Request waiting;
    CommandFixture fixture([&](const FakeAgent::Request& request) -> std::string {
        if (request.method == "login.wait") {
            waiting = request;
            ::kill(::getpid(), signal);
            return {};
        }
        if (request.method == "login.cancel")
            return FakeAgent::result(request, "{}") + FakeAgent::error(waiting, "cancelled", "cancelled");
        return sign_in(request);
    });
    const auto outcome = fixture.run({"login", "s.example", "--json"});
    CHECK(outcome.code == 2);
    CHECK(lines_of(outcome.out).back().starts_with(R"({"event":"error","code":"cancelled")"));
    CHECK(fixture.agent().methods().back() == "login.cancel");
    CHECK(platform::json::get_string(*fixture.agent().requests().back().params, "login_id") == "L");
}

TEST_CASE("an approval that was faster than Ctrl-C is told as it is", "[cli]") {
    FakeAgent::Request waiting;
    CommandFixture fixture([&](const FakeAgent::Request& request) -> std::string {
        if (request.method == "login.wait") {
            waiting = request;
            ::kill(::getpid(), SIGINT);
            return {};
        }
        if (request.method == "login.cancel")
            return FakeAgent::result(request, "{}") + sign_in(waiting);
        return sign_in(request);
    });
    CHECK(fixture.run({"login", "s.example"}).code == 0);
}

TEST_CASE("a second Ctrl-C does not wait for the server", "[cli]") {
    CommandFixture fixture([&](const FakeAgent::Request& request) -> std::string {
        if (request.method == "login.start")
            return sign_in(request);
        if (request.method != "login.reached") // one after the last answer would end the test
            ::kill(::getpid(), SIGINT);
        return {};
    });
    CHECK(fixture.run({"login", "s.example"}).code == 2);
}

TEST_CASE("an agent that dies while somebody signs in is exit 7", "[cli]") {
    CommandFixture fixture([](const FakeAgent::Request& request) {
        return request.method == "login.wait" ? std::string("{\"broken\n") : sign_in(request);
    });
    CHECK(fixture.run({"login", "s.example"}).code == 7);
}
