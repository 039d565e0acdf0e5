#pragma once

#include "platform/result.h"
#include "platform/unique_fd.h"

#include <chrono>
#include <string>

namespace keyfob::platform {

/// Tells when something appears in a directory, from the moment it was made. One thread.
class DirectoryWatch {
public:
    [[nodiscard]] static Result<DirectoryWatch> watch(const std::string& directory); ///< Errors: failed.
    /// Returns when something has been created, moved in or changed its mode since the last call, when `other` is readable, or after `longest`;
    /// may return early.
    void wait(std::chrono::milliseconds longest, int other = -1);

private:
    explicit DirectoryWatch(UniqueFd fd) : m_fd(std::move(fd)) {}
    UniqueFd m_fd;
};

} // namespace keyfob::platform
