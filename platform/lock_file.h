#pragma once

#include "platform/result.h"
#include "platform/unique_fd.h"

#include <optional>
#include <string>

namespace keyfob::platform {

/// Proof that this process holds an advisory lock; it goes with the object, and with the process however that ends.
class LockFile {
public:
    /// nullopt: somebody else holds it. Errors: failed (the file cannot be opened).
    [[nodiscard]] static Result<std::optional<LockFile>> try_lock(const std::string& path);
    /// Waits for its turn. Errors: failed.
    [[nodiscard]] static Result<LockFile> lock(const std::string& path);

private:
    explicit LockFile(UniqueFd fd) : m_fd(std::move(fd)) {}
    UniqueFd m_fd;
};

} // namespace keyfob::platform
