#include "server/secret_file.h"

#include "platform/system_error.h"
#include "platform/unique_fd.h"

#include <filesystem>

#include <fcntl.h>
#include <sys/stat.h>

namespace keyfob::server {

namespace {

using platform::Error;
using platform::ErrorKind;
using platform::Result;
using platform::UniqueFd;

constexpr std::size_t k_longest = 4096;
constexpr mode_t k_by_others = 077;
constexpr mode_t k_but_read_by_group = 037;

struct OpenFile {
    UniqueFd descriptor;
    struct stat status {};
};

/// Not blocking, because a named pipe would keep the server from starting.
Result<OpenFile> open_regular(const std::string& path) {
    OpenFile file{UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)), {}};
    if (!file.descriptor || ::fstat(file.descriptor.get(), &file.status) != 0)
        return platform::system_error("read " + path, errno == ENOENT ? ErrorKind::not_found : ErrorKind::denied);
    if (!S_ISREG(file.status.st_mode))
        return Error{ErrorKind::invalid,
                     path + " is no file" + (S_ISDIR(file.status.st_mode) ? ", it is a directory" : "")};
    return file;
}

/// Links are followed on both sides, so that no path leads out of the directory and still begins like it.
bool is_credential(const std::string& path, const platform::Environment& environment) {
    const std::string directory = environment("CREDENTIALS_DIRECTORY");
    std::error_code failed;
    const auto credentials = std::filesystem::canonical(directory, failed);
    if (directory.empty() || failed)
        return false;
    const auto file = std::filesystem::canonical(path, failed);
    return !failed && file.string().starts_with(credentials.string() + "/");
}

Result<void> check_mode(const std::string& path, const OpenFile& file, bool group_may_read) {
    if ((file.status.st_mode & (group_may_read ? k_but_read_by_group : k_by_others)) == 0)
        return {};
    return Error{ErrorKind::denied, path + " can be read by others; its mode must be 0600 or less",
                 "chmod 600 " + path};
}

} // namespace

Result<platform::SecretString> read_secret_file(const std::string& path, const platform::Environment& environment) {
    KEYFOB_TRY_ASSIGN(const OpenFile file, open_regular(path));
    KEYFOB_TRY(check_mode(path, file, is_credential(path, environment)));
    std::string text(k_longest + 1, '\0');
    const ssize_t count = ::read(file.descriptor.get(), text.data(), text.size());
    const std::size_t length = count > 0 ? static_cast<std::size_t>(count) : 0;
    const std::size_t end = std::min(text.find_first_of("\r\n"), length);
    platform::SecretString secret(text.substr(0, end));
    platform::wipe(text);
    if (secret.empty() || length > k_longest)
        return Error{ErrorKind::invalid, path + " holds no secret: it is empty, or longer than 4096 octets"};
    return secret;
}

Result<void> check_key_file(const std::string& path, const platform::Environment& environment) {
    KEYFOB_TRY_ASSIGN(const OpenFile file, open_regular(path));
    return check_mode(path, file, file.status.st_uid == 0 || is_credential(path, environment));
}

Result<void> check_readable_file(const std::string& path) {
    KEYFOB_TRY(open_regular(path));
    return {};
}

} // namespace keyfob::server
