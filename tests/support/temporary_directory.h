#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace keyfob::tests {

/// A directory of its own for one test, mode 0700, removed with everything in it at the end.
class TemporaryDirectory {
public:
    TemporaryDirectory() : TemporaryDirectory(std::filesystem::temp_directory_path()) {}
    explicit TemporaryDirectory(const std::filesystem::path& parent)
        : m_path((parent / "keyfob-test-XXXXXX").string()) {
        if (::mkdtemp(m_path.data()) == nullptr)
            throw std::runtime_error("cannot make " + m_path);
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }

    /// Where memory can be a directory; for tests that write much and do not ask what a disk keeps.
    [[nodiscard]] static std::filesystem::path memory() {
        const std::filesystem::path shared = "/dev/shm";
        const bool is_usable = ::access(shared.c_str(), W_OK | X_OK) == 0;
        return is_usable ? shared : std::filesystem::temp_directory_path();
    }

    [[nodiscard]] const std::string& path() const { return m_path; }
    [[nodiscard]] std::string file(const std::string& name) const { return m_path + "/" + name; }

private:
    std::string m_path;
};

} // namespace keyfob::tests
