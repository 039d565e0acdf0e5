#include "platform/unix_socket.h"

#include "platform/private_directory.h"
#include "platform/system_error.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

namespace keyfob::platform {
namespace {

constexpr int k_backlog = 128;

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return Error{ErrorKind::invalid, "the socket path is too long: " + path,
                     "set KEYFOB_AGENT_SOCKET to a path of at most 107 characters"};
    std::copy(path.begin(), path.end(), address.sun_path);
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

/// Of connect() and send(); zero: as long as they take.
void bound_waits(int fd, std::chrono::milliseconds longest) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(longest);
    const std::chrono::microseconds rest = longest - seconds;
    const timeval time{seconds.count(), rest.count()};
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time);
}

} // namespace

Result<void> check_socket_path(const std::string& path) {
    if (path.empty() || path[0] != '/')
        return Error{ErrorKind::invalid, "the socket path is not absolute: " + path,
                     "KEYFOB_AGENT_SOCKET must be written from / on"};
    KEYFOB_TRY(address_of(path));
    struct stat status {};
    if (::lstat(path.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode))
        return Error{ErrorKind::failed, path + " exists and is no socket", "remove it, or choose another path"};
    return {};
}

Result<UniqueFd> listen_unix(const std::string& path) {
    KEYFOB_TRY(check_socket_path(path));
    KEYFOB_TRY_ASSIGN(const sockaddr_un address, address_of(path));
    KEYFOB_TRY(ensure_private_directory(path.substr(0, path.rfind('/'))));
    if (const auto answer = connect_unix(path); answer)
        return Error{ErrorKind::failed, "another program listens on " + path, "stop it first", "in_use"};
    ::unlink(path.c_str()); // nobody answers there; in our own private directory this can only be ours
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd)
        return system_error("create a socket");
    const mode_t before = ::umask(0177); // so that there is no moment at which the file is open to others
    const int bound = ::bind(fd.get(), generic(address), sizeof address);
    ::umask(before);
    if (bound != 0)
        return system_error("bind " + path);
    if (::listen(fd.get(), k_backlog) != 0)
        return system_error("listen on " + path);
    return fd;
}

Result<UniqueFd> connect_unix(const std::string& path, std::chrono::milliseconds longest) {
    KEYFOB_TRY_ASSIGN(const sockaddr_un address, address_of(path));
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd)
        return system_error("create a socket");
    bound_waits(fd.get(),
                longest); // a stopped program's queue of connections fills up, and connect() waits for a place in it
    while (::connect(fd.get(), generic(address), sizeof address) != 0) {
        if (errno == EINTR)
            continue;
        if (errno == ENOENT || errno == ENOTDIR)
            return system_error("connect to " + path, ErrorKind::not_found);
        if (errno == EAGAIN)
            return Error{ErrorKind::timed_out, "cannot connect to " + path + ": it takes no connection"};
        if (errno == ECONNREFUSED)
            return system_error("connect to " + path, ErrorKind::unreachable);
        return system_error("connect to " + path,
                            errno == EACCES || errno == EPERM ? ErrorKind::denied : ErrorKind::failed);
    }
    bound_waits(fd.get(), std::chrono::milliseconds::zero());
    return fd;
}

} // namespace keyfob::platform
