#include "agent/login/device_description.h"

#include <Poco/Environment.h>

#include <fstream>

#include <pwd.h>
#include <unistd.h>

namespace keyfob::agent::login {
namespace {

std::string user_name() {
    passwd entry{};
    passwd* found = nullptr;
    char buffer[4096];
    if (::getpwuid_r(::getuid(), &entry, buffer, sizeof buffer, &found) == 0 && found != nullptr)
        return entry.pw_name;
    return std::to_string(::getuid());
}

/// PRETTY_NAME of os-release(5), else what uname says.
std::string system_name() {
    constexpr std::string_view k_key = "PRETTY_NAME=";
    std::ifstream file("/etc/os-release");
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(k_key))
            continue;
        std::string name = line.substr(k_key.size());
        if (name.size() >= 2 && name.front() == '"' && name.back() == '"')
            name = name.substr(1, name.size() - 2);
        return name;
    }
    return Poco::Environment::osDisplayName();
}

} // namespace

DeviceDescription describe_device() {
    return {user_name() + "@" + Poco::Environment::nodeName(), system_name()};
}

} // namespace keyfob::agent::login
