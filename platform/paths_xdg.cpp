#include "platform/paths.h"

#include <cstdlib>

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyfob::platform {
namespace {

bool is_directory(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

/// The specification tells us to ignore relative paths.
std::string absolute_or_empty(std::string path) {
    return !path.empty() && path[0] == '/' ? path : std::string{};
}

} // namespace

std::string process_environment(const char* name) {
    const char* value =
        std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody changes the environment after main has begun
    return value == nullptr ? "" : value;
}

std::string home_directory(const Environment& environment) {
    if (std::string home = absolute_or_empty(environment("HOME")); !home.empty())
        return home;
    const passwd* user = ::getpwuid(::getuid()); // NOLINT(concurrency-mt-unsafe): start-up only
    return user != nullptr ? user->pw_dir : "/";
}

std::string runtime_directory(const Environment& environment) {
    if (std::string directory = absolute_or_empty(environment("XDG_RUNTIME_DIR")); !directory.empty())
        return directory;
    std::string usual = "/run/user/" + std::to_string(::getuid());
    return is_directory(usual) ? usual : std::string{};
}

std::string state_directory(const Environment& environment) {
    std::string base = absolute_or_empty(environment("XDG_STATE_HOME"));
    return (base.empty() ? home_directory(environment) + "/.local/state" : base) + "/keyfob";
}

} // namespace keyfob::platform
