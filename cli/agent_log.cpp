#include "cli/agent_log.h"

#include "platform/encoding.h"
#include "platform/unique_fd.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyfob::cli {
namespace {

constexpr std::string_view k_error = "error: ";
constexpr std::string_view k_hint = "hint: ";

/// Empty when it cannot be read.
std::string read_from(const std::string& path, std::uint64_t offset) {
    const platform::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 4096> piece; // NOLINT(cppcoreguidelines-pro-type-member-init): filled by pread
    while (true) {
        const ssize_t count = ::pread(fd.get(), piece.data(), piece.size(), static_cast<off_t>(offset + text.size()));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return text;
        text.append(piece.data(), static_cast<std::size_t>(count));
    }
}

} // namespace

std::uint64_t log_size(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint64_t>(status.st_size) : 0;
}

std::optional<platform::Error> last_error(const std::string& path, std::uint64_t from) {
    const std::string text = read_from(path, from);
    std::optional<platform::Error> error;
    for (std::string_view rest = text; !rest.empty();) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        const std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (line.starts_with(k_error))
            error =
                platform::Error{platform::ErrorKind::failed, platform::printable(line.substr(k_error.size())), "", ""};
        else if (error && error->hint.empty() && line.starts_with(k_hint))
            error->hint = platform::printable(line.substr(k_hint.size()));
    }
    return error;
}

} // namespace keyfob::cli
