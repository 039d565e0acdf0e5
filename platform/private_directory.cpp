#include "platform/private_directory.h"

#include "platform/system_error.h"

#include <sys/stat.h>
#include <unistd.h>

namespace keyfob::platform {
namespace {

constexpr mode_t k_private = 0700;
/// Below a setgid directory ours is setgid too; that lets nobody in, and `chmod 700` would leave it so.
constexpr mode_t k_compared = 07777U & ~mode_t{S_ISGID};

Result<void> make_with_parents(const std::string& path) {
    for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string part = path.substr(0, slash);
        if (::mkdir(part.c_str(), k_private) != 0 && errno != EEXIST)
            return system_error("create the directory " + part);
        if (slash == std::string::npos)
            return {};
    }
}

} // namespace

Result<void> ensure_private_directory(const std::string& wanted) {
    std::string path = wanted;
    while (path.size() > 1 && path.back() == '/')
        path.pop_back(); // with a slash behind it lstat would follow a link
    KEYFOB_TRY(make_with_parents(path));
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0)
        return system_error("look at the directory " + path);
    if (!S_ISDIR(status.st_mode))
        return Error{ErrorKind::denied, path + " is no directory",
                     "remove it, it stands where a private directory must be"};
    if (status.st_uid != ::geteuid())
        return Error{ErrorKind::denied, path + " belongs to another user", "remove it, or choose another place"};
    if ((status.st_mode & k_compared) != k_private)
        return Error{ErrorKind::denied, path + " is open to others", "run: chmod 700 " + path};
    return {};
}

} // namespace keyfob::platform
