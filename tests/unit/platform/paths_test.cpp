#include "platform/paths.h"

#include <catch2/catch.hpp>

#include <map>

#include <pwd.h>
#include <unistd.h>

using namespace keyfob::platform;

namespace {

Environment environment(std::map<std::string, std::string> values) {
    return [values = std::move(values)](const char* name) {
        const auto found = values.find(name);
        return found == values.end() ? std::string() : found->second;
    };
}

} // namespace

TEST_CASE("XDG variables decide where things lie") {
    CHECK(runtime_directory(environment({{"XDG_RUNTIME_DIR", "/run/x"}})) == "/run/x");
    CHECK(state_directory(environment({{"XDG_STATE_HOME", "/s"}, {"HOME", "/h"}})) == "/s/keyfob");
    CHECK(state_directory(environment({{"HOME", "/h"}})) == "/h/.local/state/keyfob");
    CHECK(home_directory(environment({{"HOME", "/h"}})) == "/h");
}

TEST_CASE("a relative path in a variable counts as unset") {
    CHECK(state_directory(environment({{"XDG_STATE_HOME", "s"}, {"HOME", "/h"}})) == "/h/.local/state/keyfob");
    CHECK(runtime_directory(environment({{"XDG_RUNTIME_DIR", "run"}})) == runtime_directory(environment({})));
    CHECK(home_directory(environment({{"HOME", "h"}})) == home_directory(environment({})));
}

TEST_CASE("without variables the user database and /run/user decide, never a shared directory") {
    const passwd* user = ::getpwuid(::getuid());
    REQUIRE(user != nullptr);
    CHECK(home_directory(environment({})) == user->pw_dir);
    const std::string usual = "/run/user/" + std::to_string(::getuid());
    const bool exists = ::access(usual.c_str(), F_OK) == 0;
    CHECK(runtime_directory(environment({})) == (exists ? usual : ""));
    CHECK(runtime_directory(environment({{"TMPDIR", "/tmp"}})).find("/tmp") == std::string::npos);
}
