#include "agent/app.h"
#include "platform/process.h"

#include <csignal>
#include <iostream>
#include <string_view>

#include <malloc.h>

namespace {

constexpr int k_exit_failed = 1;
constexpr int k_exit_usage = 3;

constexpr const char* k_usage = R"(usage: keyfob-agent

Keeps this user's sessions in the keychain and lends them to commands, over a socket that only this user can reach.
Runs in the foreground and logs to stderr. Commands start it by themselves.

  --version  print the version
  --help     print this

environment: KEYFOB_AGENT_SOCKET, where the socket is, if not in the runtime directory
)";

} // namespace

int main(int argc, char** argv) {
    keyfob::platform::harden_process();
    keyfob::platform::occupy_standard_descriptors();
    const std::string_view argument = argc == 2 ? argv[1] : "";
    if (argument == "--help" || argument == "-h" || argument == "--version") {
        std::cout << (argument == "--version" ? "keyfob-agent " KEYFOB_VERSION "\n" : k_usage);
        return 0;
    }
    if (argc > 1) {
        std::cerr << "error: the agent takes no arguments\nhint: keyfob-agent --help\n";
        return k_exit_usage;
    }
    std::signal(SIGPIPE, SIG_IGN); // NOLINT(cert-err33-c)
    ::mallopt(M_ARENA_MAX, 1);     // its threads seldom run, and never long: a heap for each would only be kept
    const auto ended = keyfob::agent::run();
    if (ended)
        return 0;
    std::cerr << "error: " << ended.error().message << "\n";
    if (!ended.error().hint.empty())
        std::cerr << "hint: " << ended.error().hint << "\n";
    return k_exit_failed;
}
