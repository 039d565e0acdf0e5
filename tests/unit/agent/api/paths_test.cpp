#include "agent/api/paths.h"

#include <catch2/catch.hpp>

#include <map>

using namespace keyfob::agent::api;

namespace {
std::string path_with(std::map<std::string, std::string> variables) {
    return socket_path([variables](const char* name) {
        const auto found = variables.find(name);
        return found == variables.end() ? std::string() : found->second;
    });
}
} // namespace

TEST_CASE("the socket is where the variable says, else in the runtime directory", "[agent][api]") {
    CHECK(path_with({{"KEYFOB_AGENT_SOCKET", "/x/y.sock"}, {"XDG_RUNTIME_DIR", "/run/z"}}) == "/x/y.sock");
    CHECK(path_with({{"XDG_RUNTIME_DIR", "/run/z"}}) == "/run/z/keyfob/agent.sock");
}

TEST_CASE("AG-09: the socket is never below a shared temporary directory", "[agent][api]") {
    const std::string path = path_with({{"HOME", "/home/ann"}, {"TMPDIR", "/tmp"}});
    const bool in_runtime = path.starts_with("/run/user/");
    CHECK((in_runtime || path == "/home/ann/.local/state/keyfob/agent.sock"));
}

TEST_CASE("the lock lies beside the socket", "[agent][api]") {
    CHECK(lock_path("/run/user/1/keyfob/agent.sock") == "/run/user/1/keyfob/agent.sock.lock");
    CHECK(lock_path("/a/one") != lock_path("/a/two"));
    CHECK(log_path("/run/user/1/keyfob/agent.sock") == "/run/user/1/keyfob/agent.log");
    CHECK(log_path("/a/one") == "/a/one.log");
}
