#include "platform/lock_file.h"

#include "platform/paths.h"
#include "tests/support/self_process.h"
#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <latch>
#include <thread>

#include <fcntl.h>
#include <sys/stat.h>

using namespace keyfob::platform;
using keyfob::tests::SelfProcess;
using keyfob::tests::TemporaryDirectory;

namespace {

bool is_free(const std::string& path) {
    const auto lock = LockFile::try_lock(path);
    REQUIRE(lock);
    return lock->has_value();
}

} // namespace

TEST_CASE("a lock has one holder, until it goes") {
    const TemporaryDirectory directory;
    const std::string path = directory.file("lock");
    {
        auto held = LockFile::try_lock(path);
        REQUIRE(held);
        REQUIRE(*held);
        CHECK_FALSE(is_free(path));
        const LockFile moved = std::move(**held);
        CHECK_FALSE(is_free(path));
    }
    CHECK(is_free(path));
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);
}

TEST_CASE("waiting for a lock ends when the holder lets go, not before") {
    const TemporaryDirectory directory;
    auto held = LockFile::lock(directory.file("lock"));
    REQUIRE(held);
    std::optional<LockFile> first = std::move(*held);
    std::atomic<bool> released = false;
    std::latch started(2);
    bool in_order = false;
    std::thread waiter([&] {
        started.arrive_and_wait();
        const auto lock = LockFile::lock(directory.file("lock"));
        in_order = lock.has_value() && released;
    });
    started.arrive_and_wait();
    released = true;
    first.reset();
    waiter.join();
    CHECK(in_order);
}

TEST_CASE("a lock that cannot be made is an error, and a link is not followed") {
    const TemporaryDirectory directory;
    CHECK_FALSE(LockFile::try_lock(directory.file("absent/lock")));
    CHECK_FALSE(LockFile::lock(directory.path()));
    REQUIRE(::symlink("target", directory.file("link").c_str()) == 0);
    CHECK_FALSE(LockFile::try_lock(directory.file("link")));
    CHECK(::access(directory.file("target").c_str(), F_OK) != 0);
}

TEST_CASE("platform helper: holds a lock until it is killed", "[.]") {
    const auto lock = LockFile::lock(process_environment("KEYFOB_TEST_LOCK"));
    REQUIRE(lock);
    SelfProcess::report("held");
    ::pause();
}

TEST_CASE("kill -9 of the holder frees the lock") {
    const TemporaryDirectory directory;
    SelfProcess process("platform helper: holds a lock until it is killed",
                        {"KEYFOB_TEST_LOCK=" + directory.file("lock")});
    REQUIRE(process.read_line() == "held");
    CHECK_FALSE(is_free(directory.file("lock")));
    process.kill();
    process.wait();
    CHECK(is_free(directory.file("lock")));
}
