#include "cli/agent_log.h"

#include "platform/encoding.h"

#include <filesystem>
#include <fstream>
#include <string_view>

namespace keyfob::cli {
namespace {

constexpr std::string_view k_error = "error: ";
constexpr std::string_view k_hint = "hint: ";

} // namespace

std::uint64_t log_size(const std::string& path) {
    std::error_code absent;
    const std::uintmax_t size = std::filesystem::file_size(path, absent);
    return absent ? 0 : size;
}

std::optional<platform::Error> last_error(const std::string& path, std::uint64_t from) {
    std::ifstream log(path, std::ios::binary);
    log.seekg(static_cast<std::streamoff>(from));
    std::optional<platform::Error> error;
    for (std::string line; std::getline(log, line);) {
        if (line.starts_with(k_error))
            error =
                platform::Error{platform::ErrorKind::failed, platform::printable(line.substr(k_error.size())), "", ""};
        else if (error && error->hint.empty() && line.starts_with(k_hint))
            error->hint = platform::printable(line.substr(k_hint.size()));
    }
    return error;
}

} // namespace keyfob::cli
