#include "platform/process.h"

#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace keyfob::platform;
using keyfob::tests::TemporaryDirectory;

namespace {

/// A named pipe: to read it is to wait for what the started program writes.
class NamedPipe {
public:
    explicit NamedPipe(std::string path) : m_path(std::move(path)) { REQUIRE(::mkfifo(m_path.c_str(), 0600) == 0); }
    [[nodiscard]] std::string read_all() const {
        std::ifstream stream(m_path);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    [[nodiscard]] const std::string& path() const { return m_path; }

private:
    std::string m_path;
};

void write_script(const std::string& path, const std::string& text) {
    std::ofstream(path) << "#!/bin/sh\n" << text;
    REQUIRE(::chmod(path.c_str(), 0700) == 0);
}

std::string content_of(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

} // namespace

TEST_CASE("AG-06: arguments reach the program as they are: there is no shell") {
    const TemporaryDirectory directory;
    const NamedPipe pipe(directory.file("pipe"));
    write_script(directory.file("show arguments"),
                 "{ for a in \"$@\"; do printf '%s\\0' \"$a\"; done; } > " + pipe.path() + "\n");
    const std::vector<std::string> arguments{"$(touch " + directory.file("pwned") + ")",
                                             "`touch " + directory.file("pwned") + "`",
                                             "; touch " + directory.file("pwned") + " #",
                                             "| touch x & $HOME ~ *",
                                             "'single' \"double\" \\",
                                             "",
                                             "-n",
                                             "two\nlines",
                                             "https://example.com/?a=1&b=%s"};
    std::vector<std::string> command{directory.file("show arguments")};
    command.insert(command.end(), arguments.begin(), arguments.end());
    REQUIRE(spawn_detached(command));
    std::string expected;
    for (const std::string& argument : arguments)
        expected += argument + '\0';
    CHECK(pipe.read_all() == expected);
    CHECK(::access(directory.file("pwned").c_str(), F_OK) != 0);
}

TEST_CASE("a started program inherits no descriptor, reads nothing, and is nobody's child here") {
    const TemporaryDirectory directory;
    const NamedPipe pipe(directory.file("pipe"));
    REQUIRE(::dup2(STDERR_FILENO, 50) == 50); // not close-on-exec
    const auto spawned = spawn_detached({"/bin/sh", "-c",
                                         "{ [ -e /proc/$$/fd/50 ] && echo leaked; [ -e /proc/$$/fd/3 ] && echo report; "
                                         "readlink /proc/$$/fd/0; cat; echo $PPID; } > \"$1\"",
                                         "sh", pipe.path()});
    ::close(50);
    REQUIRE(spawned);
    const std::string said = pipe.read_all();
    CHECK(said.starts_with("/dev/null\n"));
    CHECK(said != "/dev/null\n" + std::to_string(::getpid()) + "\n");
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
    CHECK(errno == ECHILD);
}

TEST_CASE("a started program has default signals and an empty mask") {
    const TemporaryDirectory directory;
    const NamedPipe pipe(directory.file("pipe"));
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    REQUIRE(::pthread_sigmask(SIG_BLOCK, &blocked, &before) == 0);
    const auto handler = ::signal(SIGPIPE, SIG_IGN);
    const auto spawned =
        spawn_detached({"/bin/sh", "-c", "grep -E 'Sig(Blk|Ign)' /proc/self/status > \"$1\"", "sh", pipe.path()});
    ::signal(SIGPIPE, handler);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    REQUIRE(spawned);
    CHECK(pipe.read_all() == "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_CASE("output goes to the file that was named, made 0600 and appended to") {
    const TemporaryDirectory directory;
    const NamedPipe pipe(directory.file("pipe"));
    const std::string log = directory.file("log");
    std::ofstream(log) << "before\n";
    for (int i = 0; i < 2; ++i) {
        if (i == 1)
            REQUIRE(::unlink(log.c_str()) == 0);
        const mode_t mask = ::umask(0);
        const auto spawned = spawn_detached(
            {"/bin/sh", "-c", "echo out; echo err >&2; echo done > \"$1\"", "sh", pipe.path()}, {.output = log});
        ::umask(mask);
        REQUIRE(spawned);
        CHECK(pipe.read_all() == "done\n");
        CHECK(content_of(log) == (i == 0 ? "before\nout\nerr\n" : "out\nerr\n"));
    }
    struct stat status {};
    REQUIRE(::stat(log.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777U) == 0600);
}

TEST_CASE("a new session is one that the terminal's signals do not reach") {
    const TemporaryDirectory directory;
    const NamedPipe pipe(directory.file("pipe"));
    const bool new_session = GENERATE(true, false);
    REQUIRE(spawn_detached({"/bin/sh", "-c", "cut -d' ' -f6 /proc/$$/stat > \"$1\"", "sh", pipe.path()},
                           {.new_session = new_session}));
    const bool same = pipe.read_all() == std::to_string(::getsid(0)) + "\n";
    CHECK(same != new_session);
}

TEST_CASE("a program that is not there, or cannot run, is an error") {
    const TemporaryDirectory directory;
    for (const std::string& name : {std::string("keyfob-no-such-program"), directory.file("absent")}) {
        const auto spawned = spawn_detached({name});
        REQUIRE_FALSE(spawned);
        CHECK(spawned.error().kind == ErrorKind::not_found);
        CHECK(spawned.error().message.find(name) != std::string::npos);
    }
    std::ofstream(directory.file("text")) << "no program";
    const auto spawned = spawn_detached({directory.file("text")});
    REQUIRE_FALSE(spawned);
    CHECK(spawned.error().kind == ErrorKind::failed);
}

TEST_CASE("a program whose output cannot be kept is not started: it must not get ours instead") {
    const TemporaryDirectory directory;
    const std::string link = directory.file("link");
    REQUIRE(::symlink("elsewhere", link.c_str()) == 0);
    for (const std::string& output : {directory.path(), link, directory.file("absent/log")}) {
        const auto spawned = spawn_detached({"/bin/touch", directory.file("ran")}, {.output = output});
        REQUIRE_FALSE(spawned);
        CHECK(spawned.error().kind == ErrorKind::failed);
        CHECK(spawned.error().message.starts_with("cannot write to " + output + ": "));
    }
    CHECK(::access(directory.file("ran").c_str(), F_OK) != 0);
}

TEST_CASE("a program runs where it was told to, or where we are") {
    const TemporaryDirectory directory;
    const NamedPipe pipe(directory.file("pipe"));
    const std::string wanted = GENERATE(as<std::string>{}, "/", "");
    REQUIRE(spawn_detached({"/bin/sh", "-c", "pwd > \"$1\"", "sh", pipe.path()}, {.directory = wanted}));
    CHECK(pipe.read_all() == (wanted.empty() ? std::filesystem::current_path().string() : wanted) + "\n");
    const auto nowhere = spawn_detached({"/bin/true"}, {.directory = directory.file("absent")});
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().message.find(directory.file("absent")) != std::string::npos);
}

TEST_CASE("the end of a detached program can be waited for") {
    const TemporaryDirectory directory;
    const NamedPipe pipe(directory.file("pipe"));
    const auto spawned = spawn_detached({"/bin/sh", "-c", "read line < \"$1\"", "sh", pipe.path()});
    REQUIRE(spawned);
    REQUIRE(*spawned);
    pollfd state{spawned->get(), POLLIN, 0};
    CHECK(::poll(&state, 1, 0) == 0);
    std::ofstream(pipe.path()) << "end\n";
    CHECK(::poll(&state, 1, -1) == 1);
}

TEST_CASE("a child tells how it ended") {
    const auto [script, code] = GENERATE(table<std::string, int>({{"exit 0", 0}, {"exit 3", 3}, {"kill -9 $$", 137}}));
    auto child = spawn_child({"/bin/sh", "-c", script});
    REQUIRE(child);
    pollfd state{child->descriptor(), POLLIN, 0};
    REQUIRE(::poll(&state, 1, -1) == 1);
    CHECK(child->exit_code() == code);
    CHECK(child->exit_code() == code);
    CHECK_FALSE(spawn_child({"keyfob-no-such-program"}));
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1); // neither is left behind
}

TEST_CASE("closed standard descriptors are occupied, so that no socket takes their place") {
    const pid_t child = ::fork();
    if (child == 0) {
        ::close(STDIN_FILENO);
        ::close(STDOUT_FILENO);
        occupy_standard_descriptors();
        const bool occupied = ::fcntl(STDIN_FILENO, F_GETFD) >= 0 && ::fcntl(STDOUT_FILENO, F_GETFD) >= 0;
        ::_exit(occupied && ::write(STDOUT_FILENO, "x", 1) < 0 ? 0 : 1);
    }
    int status = -1;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
}
