#include "agent/app.h"

#include "agent/api/paths.h"
#include "agent/handlers/methods.h"
#include "agent/transport.h"
#include "platform/lock_file.h"
#include "platform/log.h"
#include "platform/private_directory.h"
#include "platform/unix_socket.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <glib-unix.h>
#include <glib.h>
#include <unistd.h>

namespace keyfob::agent {
namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::UniqueFd;

constexpr int k_first_passed_descriptor = 3;
constexpr std::chrono::seconds k_longest_farewell{3};
constexpr std::chrono::seconds k_longest_death{2};
constexpr std::chrono::milliseconds k_death_pause{10};

/// The socket that a service manager passed (sd_listen_fds(3)).
UniqueFd passed_socket() {
    const char* pid = std::getenv("LISTEN_PID");   // NOLINT(concurrency-mt-unsafe): no thread runs yet
    const char* count = std::getenv("LISTEN_FDS"); // NOLINT(concurrency-mt-unsafe)
    if (pid == nullptr || count == nullptr || std::to_string(::getpid()) != pid || std::string_view(count) != "1")
        return {};
    ::fcntl(k_first_passed_descriptor, F_SETFD, FD_CLOEXEC);
    return UniqueFd(k_first_passed_descriptor);
}

/// GLib would start a bus of its own where it finds none; with an address, even of a socket that is not there yet, it does not.
void fix_bus_address() {
    if (std::getenv("DBUS_SESSION_BUS_ADDRESS") != nullptr) // NOLINT(concurrency-mt-unsafe)
        return;
    const std::string runtime = platform::runtime_directory();
    const std::string address = runtime.empty() ? "unix:path=/nonexistent" : "unix:path=" + runtime + "/bus";
    ::setenv("DBUS_SESSION_BUS_ADDRESS", address.c_str(), 1); // NOLINT(concurrency-mt-unsafe)
}

struct Socket {
    UniqueFd listener;
    platform::LockFile lock;
    bool is_ours = false; ///< and not the service manager's
};

/// Of one agent at a time. A killed one keeps its lock for moments, in which it serves nobody: that is waited for, or a command that has just seen
/// it die would be left without any.
Result<std::optional<platform::LockFile>> take_lock(const std::string& socket) {
    const auto deadline = std::chrono::steady_clock::now() + k_longest_death;
    while (true) {
        KEYFOB_TRY_ASSIGN(auto lock, platform::LockFile::try_lock(api::lock_path(socket)));
        if (lock || platform::connect_unix(socket) || std::chrono::steady_clock::now() >= deadline)
            return lock;
        std::this_thread::sleep_for(k_death_pause);
    }
}

Result<Socket> take_socket(const std::string& path) {
    const std::string directory = std::filesystem::path(path).parent_path().string();
    KEYFOB_TRY(platform::ensure_private_directory(directory));
    KEYFOB_TRY_ASSIGN(auto lock, take_lock(path));
    if (!lock)
        return Error{ErrorKind::failed, "another agent serves " + path, "nothing is to be done: commands use that one",
                     "in_use"};
    UniqueFd listener = passed_socket();
    const bool passed = static_cast<bool>(listener);
    if (!passed) {
        KEYFOB_TRY_ASSIGN(listener, platform::listen_unix(path));
    }
    return Socket{std::move(listener), std::move(*lock), !passed};
}

gboolean quit(void* loop) {
    g_main_loop_quit(static_cast<GMainLoop*>(loop));
    return G_SOURCE_CONTINUE;
}

struct FreeLoop {
    void operator()(GMainLoop* loop) const { g_main_loop_unref(loop); }
};

/// What must last is in the keychain; that alone is waited for. The socket stays until then, and commands are served: one that found the socket
/// gone and the lock held could neither use this agent nor start another.
void finish_writes(const vault::AccountStore& accounts) {
    bool late = false;
    ipc::Timer limit;
    limit.start(k_longest_farewell, [&late] { late = true; });
    while (accounts.is_writing() && !late)
        g_main_context_iteration(nullptr, TRUE);
}

/// Without destructors: requests to servers run for as long as these please, and their threads would have to be waited for. The lock goes with the
/// process; the socket, if it is ours to remove, while it is held, so that it is no other agent's.
[[noreturn]] void leave(const std::string& socket) {
    if (!socket.empty())
        ::unlink(socket.c_str());
    std::fflush(nullptr);
    ::_exit(EXIT_SUCCESS);
}

} // namespace

Result<void> run() {
    const std::string path = api::socket_path();
    KEYFOB_TRY_ASSIGN(Socket socket, take_socket(path));
    fix_bus_address();
    const platform::SystemClock clock;
    platform::SystemRandom random;
    const HttpTransport transport;
    const std::unique_ptr<GMainLoop, FreeLoop> loop(g_main_loop_new(nullptr, FALSE));
    const auto keychain = vault::make_secret_service_keychain();
    vault::AccountStore accounts(*keychain);
    ipc::Workers workers;
    vault::Renewer renewer(accounts, workers, transport, clock, random);
    login::LoginService logins(accounts, *keychain, workers, transport, clock, random);
    const handlers::Services services{
        path,      *keychain,
        accounts,  renewer,
        logins,    workers,
        transport, clock,
        random,    [&loop] { ipc::run_on_main_loop([&loop] { g_main_loop_quit(loop.get()); }); }};
    KEYFOB_TRY_ASSIGN(platform::Poller poller, platform::Poller::create());
    const ipc::Server server(std::move(poller), std::move(socket.listener),
                             [&services](ipc::Call call) { handlers::dispatch(services, std::move(call)); });
    g_unix_signal_add(SIGINT, &quit, loop.get());
    g_unix_signal_add(SIGTERM, &quit, loop.get());
    platform::log::info("listening", {{"socket", path}, {"version", KEYFOB_VERSION}});
    accounts.when_loaded([](const Result<void>&) {}); // so that the first hand-out finds them in memory
    g_main_loop_run(loop.get());
    platform::log::info("stopping");
    finish_writes(accounts);
    leave(socket.is_ours ? path : "");
}

} // namespace keyfob::agent
