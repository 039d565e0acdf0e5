#include "server/secret_file.h"

#include "tests/support/temporary_directory.h"

#include <catch2/catch.hpp>

#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

using namespace keyfob;
using namespace keyfob::server;

namespace {

std::string write(const std::string& file, mode_t mode) {
    std::ofstream(file) << "hunter2\n";
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    return file;
}

platform::Environment credentials_in(const std::string& directory) {
    return [directory](const char* name) { return std::string(name) == "CREDENTIALS_DIRECTORY" ? directory : ""; };
}

} // namespace

TEST_CASE("KS-02: a secret that its group may read is one of systemd's, or refused") {
    const keyfob::tests::TemporaryDirectory directory;
    const std::string credentials = directory.file("credentials");
    REQUIRE(::mkdir(credentials.c_str(), 0700) == 0);
    const std::string inside = write(directory.file("credentials/company"), 0440);
    const std::string outside = write(directory.file("company"), 0440);
    const auto environment = credentials_in(credentials);
    const auto secret = read_secret_file(inside, environment);
    REQUIRE(secret);
    CHECK(secret->reveal() == "hunter2");
    CHECK(read_secret_file(inside, credentials_in(credentials + "/")));
    for (const auto& elsewhere :
         {credentials_in(""), credentials_in("/nonexistent"), credentials_in(credentials + "x")})
        CHECK_FALSE(read_secret_file(inside, elsewhere));
    CHECK_FALSE(read_secret_file(outside, environment));
    CHECK_FALSE(read_secret_file(credentials + "/../company", environment));
    REQUIRE(::symlink(outside.c_str(), (credentials + "/link").c_str()) == 0);
    CHECK_FALSE(read_secret_file(credentials + "/link", environment));
    REQUIRE(::chmod(inside.c_str(), 0444) == 0);
    CHECK_FALSE(read_secret_file(inside, environment));
    REQUIRE(::chmod(inside.c_str(), 0460) == 0);
    CHECK_FALSE(read_secret_file(inside, environment));
}

TEST_CASE("KS-02: a TLS key is private, or root's and for one group") {
    const keyfob::tests::TemporaryDirectory directory;
    const std::string key = write(directory.file("key"), 0600);
    CHECK(check_key_file(key));
    for (const mode_t mode : {mode_t{0644}, mode_t{0604}, mode_t{0660}, mode_t{0650}}) {
        REQUIRE(::chmod(key.c_str(), mode) == 0);
        CHECK_FALSE(check_key_file(key));
    }
    REQUIRE(::chmod(key.c_str(), 0640) == 0); // as Debian's ssl-cert has it, where root has made it so
    CHECK(check_key_file(key).has_value() == (::geteuid() == 0));
    if (::geteuid() == 0) {
        REQUIRE(::chown(key.c_str(), 65534, 65534) == 0);
        CHECK_FALSE(check_key_file(key));
    }
}

TEST_CASE("KS-02: what is no file is told as such, and nothing waits for a pipe") {
    const keyfob::tests::TemporaryDirectory directory;
    REQUIRE(::mkfifo(directory.file("pipe").c_str(), 0600) == 0);
    CHECK(check_readable_file(directory.file("pipe")).error().kind == platform::ErrorKind::invalid);
    CHECK(check_readable_file(directory.path()).error().message.find("directory") != std::string::npos);
    CHECK(check_readable_file(directory.file("absent")).error().kind == platform::ErrorKind::not_found);
}
