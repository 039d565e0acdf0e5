#include "platform/log.h"
#include "platform/paths.h"
#include "platform/private_directory.h"
#include "platform/process.h"
#include "server/admin/program.h"
#include "server/app.h"
#include "server/config.h"

#include <csignal>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

namespace {

using namespace keyfob;

constexpr int k_exit_failed = 1;
constexpr int k_exit_usage = 3;

constexpr const char* k_usage_head = R"(usage: keyfob-server --config FILE [--check]
       keyfob-server --demo [--listen 127.0.0.1:PORT]
       keyfob-server --version
and, on the database of a configuration (--config FILE), while its server runs or not:
)";
constexpr const char* k_usage_options = R"(
  --config FILE  serve by this configuration
  --check        say what is wrong with it, or what is in effect (secrets masked), and end
  --demo         serve on this machine with a built-in identity provider that lets anyone in; needs no file
  --listen       where the demo listens; 127.0.0.1:8420 unless told
)";

std::string usage() {
    return k_usage_head + server::admin::usage_lines() + k_usage_options;
}

struct Arguments {
    std::string config;
    std::string listen = "127.0.0.1:8420";
    bool listen_given = false;
    bool check = false;
    bool demo = false;
    bool help = false;
    bool version = false;
};

/// nullopt: something that is not in the usage.
std::optional<Arguments> parse(const std::vector<std::string>& words) {
    Arguments arguments;
    for (std::size_t i = 0; i < words.size(); ++i) {
        const bool more = i + 1 < words.size();
        if (words[i] == "--config" && more) {
            arguments.config = words[++i];
        } else if (words[i] == "--listen" && more) {
            arguments.listen = words[++i];
            arguments.listen_given = true;
        } else if (words[i] == "--check") {
            arguments.check = true;
        } else if (words[i] == "--demo") {
            arguments.demo = true;
        } else if (words[i] == "--help" || words[i] == "-h") {
            arguments.help = true;
        } else if (words[i] == "--version") {
            arguments.version = true;
        } else {
            return std::nullopt;
        }
    }
    const bool one_mode = arguments.demo != !arguments.config.empty();
    const bool fits = one_mode && !(arguments.listen_given && !arguments.demo) && !(arguments.check && arguments.demo);
    if (!arguments.help && !arguments.version && !fits)
        return std::nullopt;
    return arguments;
}

int report(const platform::Error& error, int code) {
    std::cerr << "error: " << error.message << "\n";
    if (!error.hint.empty())
        std::cerr << "hint: " << error.hint << "\n";
    return code;
}

platform::Result<server::Config> read_config(const Arguments& arguments) {
    if (!arguments.demo)
        return server::load_config(arguments.config);
    const std::string directory = platform::state_directory();
    KEYFOB_TRY(platform::ensure_private_directory(directory));
    return server::demo_config(arguments.listen, directory);
}

platform::log::Level level_of(const std::string& name) {
    using platform::log::Level;
    return name == "warning" ? Level::warning : name == "error" ? Level::error : Level::info;
}

/// sigwait() in run() takes them; every thread inherits the mask.
void block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    for (const int signal : {SIGPIPE, SIGXFSZ}) // a write that fails is an error of that write, and no more
        std::signal(signal, SIG_IGN);           // NOLINT(cert-err33-c)
}

} // namespace

int main(int argc, char** argv) {
    platform::harden_process();
    platform::occupy_standard_descriptors();
    if (argc > 1 && server::admin::is_command(argv[1])) {
        platform::log::set_level(
            platform::log::Level::warning); // the record is in the audit, and the person reads the answer
        return server::admin::run({argv + 1, argv + argc});
    }
    const auto arguments = parse({argv + 1, argv + argc});
    if (!arguments) {
        std::cerr << "error: this is not how keyfob-server is started\n" << usage();
        return k_exit_usage;
    }
    if (arguments->help || arguments->version) {
        std::cout << (arguments->help ? usage() : "keyfob-server " KEYFOB_VERSION "\n");
        return 0;
    }
    auto config = read_config(*arguments);
    if (!config)
        return report(config.error(), k_exit_usage);
    if (arguments->check) {
        std::cout << server::to_text(*config);
        if (config->allow.empty())
            std::cerr << "warning: there is no [[allow]] rule, so nobody can sign in\n";
        return 0;
    }
    platform::log::set_level(level_of(config->log_level));
    block_signals();
    platform::use_all_descriptors();
    const auto ended = server::run(std::move(*config));
    return ended ? 0 : report(ended.error(), k_exit_failed);
}
