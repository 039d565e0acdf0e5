#pragma once

#include "platform/result.h"
#include "platform/unique_fd.h"

#include <string>
#include <string_view>

namespace keyfob::cli {

/// A file that is replaced as a whole or not at all: what is written goes to `PATH.part-XXXXXX` first, which takes its place in commit() and
/// is removed otherwise. Devices and pipes are written to directly, as is a file in a folder where no other can be made. One thread.
class OutputFile {
public:
    [[nodiscard]] static platform::Result<OutputFile> create(const std::string& path); ///< Errors: failed.
    OutputFile(OutputFile&& other) noexcept = default;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();

    [[nodiscard]] platform::Result<void> write(std::string_view octets); ///< Errors: failed.
    /// Some file systems tell of a full disk only now. Errors: failed.
    [[nodiscard]] platform::Result<void> commit();

private:
    OutputFile(std::string shown, std::string target, std::string part, platform::UniqueFd fd)
        : m_shown(std::move(shown)), m_target(std::move(target)), m_part(std::move(part)), m_fd(std::move(fd)) {}

    std::string m_shown;  ///< as the person wrote it
    std::string m_target; ///< what is replaced: behind a symbolic link
    std::string m_part;   ///< empty: written directly
    platform::UniqueFd m_fd;
};

} // namespace keyfob::cli
