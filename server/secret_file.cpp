#include "server/secret_file.h"

#include "platform/system_error.h"
#include "platform/unique_fd.h"

#include <array>

#include <fcntl.h>
#include <sys/stat.h>

namespace keyfob::server {

namespace {
constexpr std::size_t k_longest = 4096;
} // namespace

platform::Result<platform::SecretString> read_secret_file(const std::string& path) {
    using platform::Error;
    using platform::ErrorKind;
    const platform::UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0)
        return platform::system_error("read " + path, ErrorKind::not_found);
    if (!S_ISREG(status.st_mode) || (status.st_mode & 077U) != 0)
        return Error{ErrorKind::denied, path + " can be read by others; its mode must be 0600 or less",
                     "chmod 600 " + path};
    std::string text(k_longest + 1, '\0');
    const ssize_t count = ::read(file.get(), text.data(), text.size());
    const std::size_t length = count > 0 ? static_cast<std::size_t>(count) : 0;
    const std::size_t end = std::min(text.find_first_of("\r\n"), length);
    platform::SecretString secret(text.substr(0, end));
    platform::wipe(text);
    if (secret.empty() || length > k_longest)
        return Error{ErrorKind::invalid, path + " holds no secret: it is empty, or longer than 4096 octets"};
    return secret;
}

} // namespace keyfob::server
