#include "platform/lock_file.h"

#include "platform/system_error.h"

#include <fcntl.h>
#include <sys/file.h>

namespace keyfob::platform {
namespace {

Result<UniqueFd> open_lock(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd)
        return system_error("open the lock file " + path);
    return fd;
}

} // namespace

Result<std::optional<LockFile>> LockFile::try_lock(const std::string& path) {
    KEYFOB_TRY_ASSIGN(UniqueFd fd, open_lock(path));
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0)
        return std::optional<LockFile>(LockFile(std::move(fd)));
    if (errno == EWOULDBLOCK)
        return std::optional<LockFile>();
    return system_error("lock " + path);
}

Result<LockFile> LockFile::lock(const std::string& path) {
    KEYFOB_TRY_ASSIGN(UniqueFd fd, open_lock(path));
    while (::flock(fd.get(), LOCK_EX) != 0)
        if (errno != EINTR)
            return system_error("lock " + path);
    return LockFile(std::move(fd));
}

} // namespace keyfob::platform
