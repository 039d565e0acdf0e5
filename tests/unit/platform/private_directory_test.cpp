#include "platform/private_directory.h"

#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

using namespace keyfob::platform;
using keyfob::tests::TemporaryDirectory;

namespace {

mode_t mode_of(const std::string& path) {
    struct stat status {};
    REQUIRE(::lstat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

void check_denied(const std::string& path) {
    INFO(path);
    const auto ensured = ensure_private_directory(path);
    REQUIRE_FALSE(ensured);
    CHECK(ensured.error().kind == ErrorKind::denied);
    CHECK(ensured.error().message.find(path.substr(0, path.find_last_not_of('/') + 1)) != std::string::npos);
    CHECK_FALSE(ensured.error().hint.empty());
}

} // namespace

TEST_CASE("AG-09: a private directory is made with its parents, and verified the next time") {
    const TemporaryDirectory directory;
    const mode_t before = ::umask(0);
    const auto made = ensure_private_directory(directory.file("a/b/c"));
    ::umask(before);
    REQUIRE(made);
    for (const char* part : {"a", "a/b", "a/b/c"})
        CHECK(mode_of(directory.file(part)) == 0700);
    CHECK(ensure_private_directory(directory.file("a/b/c")));
    CHECK(ensure_private_directory(directory.file("a/b/c//")));
}

TEST_CASE("AG-09: what is not a private directory of this user is refused and not repaired") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("place");
    SECTION("open to others") {
        REQUIRE(::mkdir(path.c_str(), 0700) == 0);
        REQUIRE(::chmod(path.c_str(), 0711) == 0);
        check_denied(path);
        CHECK(mode_of(path) == 0711);
    }
    SECTION("a file") {
        std::ofstream(path).close();
        check_denied(path);
    }
    SECTION("a link to a private directory") {
        REQUIRE(::mkdir(directory.file("real").c_str(), 0700) == 0);
        REQUIRE(::symlink("real", path.c_str()) == 0);
        check_denied(path);
        check_denied(path + "/");
        check_denied(path + "//");
    }
    SECTION("a dangling link") {
        REQUIRE(::symlink("nowhere", path.c_str()) == 0);
        CHECK_FALSE(ensure_private_directory(path));
        CHECK(::access(directory.file("nowhere").c_str(), F_OK) != 0);
    }
    SECTION("another user's") {
        if (::geteuid() != 0)
            return; // only root can give a directory away
        REQUIRE(::mkdir(path.c_str(), 0700) == 0);
        REQUIRE(::chown(path.c_str(), 65534, 65534) == 0);
        check_denied(path);
    }
}

TEST_CASE("AG-09: a directory below a setgid one is private, too") {
    const TemporaryDirectory directory;
    REQUIRE(::chmod(directory.path().c_str(), 02700) == 0);
    const std::string path = directory.file("place");
    CHECK(ensure_private_directory(path));
    CHECK(mode_of(path) == 02700);
    REQUIRE(::chmod(path.c_str(), 02710) == 0);
    check_denied(path);
}

TEST_CASE("a directory that cannot be made is an error") {
    const TemporaryDirectory directory;
    std::ofstream(directory.file("file")).close();
    CHECK_FALSE(ensure_private_directory(directory.file("file/below")));
    CHECK_FALSE(ensure_private_directory(""));
}
