#include "cli/console.h"

#include "tests/support/capture.h"
#include "tests/support/terminal.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>

using namespace keyfob;
using cli::Console;

namespace {

std::string no_environment(const char* /*name*/) {
    return {};
}

/// What an error looks like on a terminal, with this environment and behind this body.
std::string on_terminal(const platform::Environment& environment, const std::string& body = {}) {
    tests::Terminal terminal;
    Console console(terminal.fd(), terminal.fd(), environment);
    CHECK(console.person_reads());
    console.write(body);
    console.error({platform::ErrorKind::failed, "it broke"});
    return terminal.text();
}

} // namespace

TEST_CASE("data goes to stdout as it is, talk to stderr", "[cli]") {
    const tests::Capture out;
    const tests::Capture err;
    Console console(out.fd(), err.fd(), no_environment);
    CHECK(console.write(std::string("\x1b[31m\0\n", 7)));
    console.error({platform::ErrorKind::failed, "what", "do this"});
    console.say("said");
    CHECK(out.text() == std::string("\x1b[31m\0\n", 7));
    CHECK(err.text() == "error: what\nhint: do this\nsaid\n");
    CHECK_FALSE(console.person_reads());
}

TEST_CASE("CL-02: everything but the body is harmless to a terminal", "[cli]") {
    const tests::Capture out;
    const tests::Capture err;
    Console console(out.fd(), err.fd(), no_environment);
    const std::string evil = "a\x1b]0;x\x07\n\u202Eb\xff\r";
    console.print(evil);
    console.say(evil);
    console.note(evil);
    console.warning(evil);
    console.error({platform::ErrorKind::failed, evil, evil});
    const std::string all = out.text() + err.text();
    CHECK(all.find_first_of("\x1b\x07\r\xff") == std::string::npos);
    CHECK(all.find("\u202E") == std::string::npos);
    CHECK(std::count(all.begin(), all.end(), '\n') == 6);
    CHECK(all.find("a\\x1b]0;x\\x07\\x0a\\u{") != std::string::npos);
}

TEST_CASE("colour is for terminals without NO_COLOR", "[cli]") {
    CHECK(on_terminal(no_environment) == "\x1b[31merror:\x1b[0m it broke\n");
    CHECK(on_terminal([](const char* name) { return std::string(name) == "NO_COLOR" ? "1" : ""; }) ==
          "error: it broke\n");
    CHECK(on_terminal([](const char* name) { return std::string(name) == "TERM" ? "dumb" : ""; }) ==
          "error: it broke\n");
}

TEST_CASE("on one terminal talk begins a line of its own, whatever the body ended with", "[cli]") {
    const auto plain = [](const char* name) { return std::string(name) == "NO_COLOR" ? "1" : ""; };
    CHECK(on_terminal(plain, "{}") == "{}\nerror: it broke\n");
    CHECK(on_terminal(plain, "{}\n") == "{}\nerror: it broke\n");
}

TEST_CASE("a full disk is an error, a reader who has gone is none", "[cli]") {
    ::signal(SIGPIPE, SIG_IGN);
    const tests::Capture err;
    const platform::UniqueFd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    Console to_full(full.get(), err.fd(), no_environment);
    CHECK_FALSE(to_full.write("x"));
    REQUIRE(to_full.output_error());
    CHECK(to_full.output_error()->message.find("No space left") != std::string::npos);

    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    ::close(ends[0]);
    const platform::UniqueFd writing(ends[1]);
    Console to_nobody(writing.get(), err.fd(), no_environment);
    CHECK_FALSE(to_nobody.write("x"));
    CHECK(to_nobody.output_gone());
    CHECK_FALSE(to_nobody.output_error());
}

TEST_CASE("a pipe that somebody made non-blocking loses nothing", "[cli]") {
    int ends[2];
    REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
    const platform::UniqueFd reading(ends[0]);
    platform::UniqueFd writing(ends[1]);
    const std::string much(1024 * 1024, 'x'); // more than a pipe holds
    std::thread writer([&] {
        Console console(writing.get(), STDERR_FILENO, no_environment);
        console.write(much);
        writing.reset();
    });
    ::fcntl(reading.get(), F_SETFL, 0);
    std::size_t total = 0;
    char piece[65536];
    for (ssize_t count = 0; (count = ::read(reading.get(), piece, sizeof piece)) > 0;)
        total += static_cast<std::size_t>(count);
    writer.join();
    CHECK(total == much.size());
}
