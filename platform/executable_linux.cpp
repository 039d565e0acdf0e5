#include "platform/executable.h"

#include <array>

#include <climits>
#include <unistd.h>

namespace keyfob::platform {

std::string executable_directory() {
    std::array<char, PATH_MAX> path; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by readlink
    const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
    if (length <= 0)
        return {};
    const std::string text(path.data(), static_cast<std::size_t>(length));
    return text.substr(0, text.rfind('/'));
}

} // namespace keyfob::platform
