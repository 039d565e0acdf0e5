#include "tests/unit/cli/command_fixture.h"

#include <catch2/catch.hpp>

#include <fcntl.h>

using namespace keyfob;
using tests::CommandFixture;

TEST_CASE("wrong usage is exit 3, with a hint, and asks no agent", "[cli]") {
    CommandFixture fixture;
    const std::vector<std::vector<std::string>> wrong{{},
                                                      {"logni"},
                                                      {"login", "--browser"},
                                                      {"login", "a.example", "b.example"},
                                                      {"login", "--port", "0", "a.example"},
                                                      {"login", "--timeout", "11m", "a.example"},
                                                      {"login", "http://a.example"},
                                                      {"do"},
                                                      {"do", "/x", "-H", "Cookie: a=b"},
                                                      {"status", "x"},
                                                      {"logout", "--all", "--account", "x"},
                                                      {"help", "x"},
                                                      {"version", "--json"}};
    for (const auto& words : wrong) {
        CAPTURE(words);
        const auto outcome = fixture.run(words);
        CHECK(outcome.code == 3);
        CHECK(outcome.out.empty());
        CHECK(outcome.err.starts_with("error: "));
    }
    CHECK(fixture.agent().requests().empty());
}

TEST_CASE("every command explains itself", "[cli]") {
    CommandFixture fixture;
    const auto overview = fixture.run({"help"});
    CHECK(overview.code == 0);
    CHECK(fixture.run({"--help"}).out == overview.out);
    for (const auto& command : cli::command_table()) {
        const std::string name(command.name);
        CHECK(overview.out.find("  " + name + " ") != std::string::npos);
        const auto help = fixture.run({"help", name});
        CHECK(help.code == 0);
        CHECK(help.out.starts_with("usage: " KEYFOB_CLI_NAME " " + name));
        CHECK(fixture.run({name, "--help"}).out == help.out);
        CHECK(fixture.run({name, "x", "-h"}).out == help.out);
        for (const auto& option : command.options)
            CHECK(help.out.find(option.name.empty() ? std::string("-") + option.letter
                                                    : "--" + std::string(option.name)) != std::string::npos);
    }
}

TEST_CASE("the version is data", "[cli]") {
    CommandFixture fixture;
    CHECK(fixture.run({"version"}).out == KEYFOB_CLI_NAME " " KEYFOB_VERSION "\n");
    CHECK(fixture.run({"--version"}).out == fixture.run({"version"}).out);
}

TEST_CASE("CL-02: what somebody typed is harmless in the error about it", "[cli]") {
    CommandFixture fixture;
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"\x1b[31m"}, {"login", "\x1b[31m"}, {"do", "/\x1b[31m"}, {"do", "--\x1b"}})
        CHECK(fixture.run(words).err.find('\x1b') == std::string::npos);
}

TEST_CASE("output that cannot be written is exit 1", "[cli]") {
    CommandFixture fixture;
    const tests::Capture err;
    const platform::UniqueFd closed(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    cli::Console console(closed.get(), err.fd(), fixture.environment());
    CHECK(cli::run_program({"version"}, cli::command_table(), console, fixture.environment()) == 1);
    CHECK(err.text().find("cannot write to standard output") != std::string::npos);
}
