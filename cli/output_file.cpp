#include "cli/output_file.h"

#include "platform/system_error.h"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyfob::cli {
namespace {

using platform::Result;
using platform::UniqueFd;

constexpr mode_t k_new = 0666; ///< less the umask

platform::Error cannot_write(const std::string& path) {
    return platform::system_error("write " + path);
}

/// A link stays, and what it leads to is replaced.
std::string resolve(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> target(::realpath(path.c_str(), nullptr), &std::free);
    return target ? target.get() : path;
}

mode_t mode_of_new_file() {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return k_new & ~mask;
}

/// True for a file that a new one can stand for. A file that may not be written is none.
bool is_replaceable(const std::string& target, const std::optional<struct stat>& status) {
    return !status || (S_ISREG(status->st_mode) && ::access(target.c_str(), W_OK) == 0);
}

} // namespace

Result<OutputFile> OutputFile::create(const std::string& path) {
    const std::string target = resolve(path);
    struct stat found {};
    const auto status = ::stat(target.c_str(), &found) == 0 ? std::optional(found) : std::nullopt;
    if (is_replaceable(target, status)) {
        std::string part = target + ".part-XXXXXX";
        UniqueFd fd(::mkostemp(part.data(), O_CLOEXEC));
        if (fd) {
            (void)::fchmod(fd.get(), status ? status->st_mode & 0777U : mode_of_new_file());
            return OutputFile(path, target, part, std::move(fd));
        }
        if (!status)
            return cannot_write(path);
    }
    UniqueFd fd(::open(target.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC));
    return fd ? Result<OutputFile>(OutputFile(path, target, "", std::move(fd))) : cannot_write(path);
}

OutputFile::~OutputFile() {
    if (m_fd && !m_part.empty())
        ::unlink(m_part.c_str());
}

Result<void> OutputFile::write(std::string_view octets) {
    while (!octets.empty()) {
        const ssize_t count = ::write(m_fd.get(), octets.data(), octets.size());
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return cannot_write(m_shown);
        octets.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

Result<void> OutputFile::commit() {
    const bool good =
        ::close(m_fd.release()) == 0 && (m_part.empty() || ::rename(m_part.c_str(), m_target.c_str()) == 0);
    if (good)
        return {};
    const auto error = cannot_write(m_shown);
    if (!m_part.empty())
        ::unlink(m_part.c_str());
    return error;
}

} // namespace keyfob::cli
