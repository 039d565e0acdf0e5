#include "platform/directory_watch.h"

#include "platform/system_error.h"

#include <algorithm>
#include <array>

#include <poll.h>
#include <sys/inotify.h>

namespace keyfob::platform {

Result<DirectoryWatch> DirectoryWatch::watch(const std::string& directory) {
    UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!fd || ::inotify_add_watch(fd.get(), directory.c_str(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB) < 0)
        return system_error("watch " + directory);
    return DirectoryWatch(std::move(fd));
}

void DirectoryWatch::wait(std::chrono::milliseconds longest, int other) {
    std::array<pollfd, 2> watched{pollfd{m_fd.get(), POLLIN, 0}, pollfd{other, POLLIN, 0}};
    ::poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(longest.count(), 0)));
    alignas(inotify_event) std::array<char, 4096> events; // NOLINT(cppcoreguidelines-pro-type-member-init)
    while (::read(m_fd.get(), events.data(), events.size()) > 0) {
    }
}

} // namespace keyfob::platform
