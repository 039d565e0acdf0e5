#include "platform/unix_socket.h"

#include "platform/peer_credentials.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

using namespace keyfob::platform;
using keyfob::tests::TemporaryDirectory;

namespace {

mode_t mode_of(const std::string& path) {
    struct stat status {};
    INFO(path);
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

UniqueFd accept_one(const UniqueFd& listener) {
    pollfd state{listener.get(), POLLIN, 0};
    REQUIRE(::poll(&state, 1, -1) == 1);
    UniqueFd fd(::accept(listener.get(), nullptr, nullptr));
    REQUIRE(fd);
    return fd;
}

} // namespace

TEST_CASE("AG-09: the socket has mode 0600 and its directory 0700, whatever the umask") {
    const TemporaryDirectory directory;
    const mode_t mask = GENERATE(mode_t{0}, mode_t{022}, mode_t{077});
    const mode_t before = ::umask(mask);
    const auto listener = listen_unix(directory.file("keyfob/agent.sock"));
    const mode_t after = ::umask(before);
    REQUIRE(listener);
    CHECK(mode_of(directory.file("keyfob/agent.sock")) == 0600);
    CHECK(mode_of(directory.file("keyfob")) == 0700);
    CHECK(after == mask); // it was put back
    CHECK((::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK((::fcntl(listener->get(), F_GETFL) & O_NONBLOCK) != 0);
}

TEST_CASE("AG-09: who connects is known by the kernel") {
    const TemporaryDirectory directory;
    const auto listener = listen_unix(directory.file("agent.sock"));
    REQUIRE(listener);
    const auto client = connect_unix(directory.file("agent.sock"));
    REQUIRE(client);
    CHECK((::fcntl(client->get(), F_GETFD) & FD_CLOEXEC) != 0);
    const UniqueFd accepted = accept_one(*listener);
    const auto peer = peer_credentials(accepted.get());
    REQUIRE(peer);
    CHECK(peer->uid == ::getuid());
    CHECK(peer->pid == ::getpid());
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    const UniqueFd reading(pipe_ends[0]);
    const UniqueFd writing(pipe_ends[1]);
    CHECK_FALSE(peer_credentials(reading.get()));
}

TEST_CASE("a socket that a dead process left is replaced") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("agent.sock");
    REQUIRE(listen_unix(path)); // closed at once; the file stays
    REQUIRE(::access(path.c_str(), F_OK) == 0);
    const auto stale = connect_unix(path);
    REQUIRE_FALSE(stale);
    CHECK(stale.error().kind == ErrorKind::unreachable);
    const auto listener = listen_unix(path);
    REQUIRE(listener);
    CHECK(connect_unix(path));
}

TEST_CASE("a socket where somebody answers is left alone") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("agent.sock");
    const auto first = listen_unix(path);
    REQUIRE(first);
    const auto second = listen_unix(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == ErrorKind::failed);
    CHECK(second.error().code == "in_use");
    accept_one(*first); // the question whether somebody answers
    const auto client = connect_unix(path);
    REQUIRE(client);
    accept_one(*first);
}

TEST_CASE("AG-09: a directory that others can enter is refused, and left as it is") {
    const TemporaryDirectory directory;
    const mode_t mode = GENERATE(mode_t{0755}, mode_t{0770}, mode_t{0701}, mode_t{0750}, mode_t{01700});
    REQUIRE(::mkdir(directory.file("keyfob").c_str(), 0700) == 0);
    REQUIRE(::chmod(directory.file("keyfob").c_str(), mode) == 0);
    const auto listener = listen_unix(directory.file("keyfob/agent.sock"));
    REQUIRE_FALSE(listener);
    CHECK(listener.error().kind == ErrorKind::denied);
    CHECK(mode_of(directory.file("keyfob")) == mode);
    CHECK(::access(directory.file("keyfob/agent.sock").c_str(), F_OK) != 0);
}

TEST_CASE("a file that is no socket is never replaced") {
    const TemporaryDirectory directory;
    std::ofstream(directory.file("notes.txt")) << "precious";
    CHECK_FALSE(listen_unix(directory.file("notes.txt")));
    std::string content;
    std::ifstream(directory.file("notes.txt")) >> content;
    CHECK(content == "precious");
}

TEST_CASE("a path that is no place for a socket is refused before anything is made") {
    const TemporaryDirectory directory;
    for (const std::string& path : {std::string("agent.sock"), std::string(), std::string("./agent.sock"),
                                    directory.file("made/" + std::string(120, 'x'))}) {
        INFO(path);
        const auto listener = listen_unix(path);
        REQUIRE_FALSE(listener);
        CHECK(listener.error().kind == ErrorKind::invalid);
    }
    CHECK(::access("agent.sock", F_OK) != 0);
    CHECK(::access(directory.file("made").c_str(), F_OK) != 0);
}

TEST_CASE("connecting tells no socket from nobody there") {
    const TemporaryDirectory directory;
    const auto absent = connect_unix(directory.file("absent"));
    REQUIRE_FALSE(absent);
    CHECK(absent.error().kind == ErrorKind::not_found);
    const auto no_directory = connect_unix(directory.file("absent/agent.sock"));
    REQUIRE_FALSE(no_directory);
    CHECK(no_directory.error().kind == ErrorKind::not_found);
    const auto too_long = connect_unix("/" + std::string(200, 'x'));
    REQUIRE_FALSE(too_long);
    CHECK(too_long.error().kind == ErrorKind::invalid);
}

TEST_CASE("a stopped program, whose queue of connections is full, is not waited for without end") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("agent.sock");
    const auto listener = listen_unix(path);
    REQUIRE(listener);
    REQUIRE(::listen(listener->get(), 0) == 0);
    std::vector<UniqueFd> waiting;
    Result<UniqueFd> client = connect_unix(path);
    REQUIRE(client);
    while (client) {
        waiting.push_back(std::move(*client));
        client = connect_unix(path, std::chrono::milliseconds{1});
    }
    CHECK(client.error().kind == ErrorKind::timed_out);
    timeval time{};
    socklen_t size = sizeof time;
    REQUIRE(::getsockopt(waiting[0].get(), SOL_SOCKET, SO_SNDTIMEO, &time, &size) == 0);
    CHECK((time.tv_sec == 0 && time.tv_usec == 0)); // it was put back
}

TEST_CASE("whether a socket can be somewhere is known before anything is made") {
    const TemporaryDirectory directory;
    std::ofstream(directory.file("notes.txt")) << "precious";
    CHECK(check_socket_path(directory.file("made/agent.sock")));
    for (const std::string& path : {std::string("agent.sock"), std::string(), directory.file("notes.txt"),
                                    directory.path(), "/" + std::string(200, 'x')})
        CHECK_FALSE(check_socket_path(path));
    CHECK(::access(directory.file("made").c_str(), F_OK) != 0);
}
