#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace keyfob::platform::http {

/// Counts the open connections, in all and of each address (address_group.h). Thread-safe.
class ConnectionCounts {
public:
    ConnectionCounts(std::size_t most, std::size_t most_of_address)
        : m_most(most), m_most_of_address(most_of_address) {}

    enum class Answer { admitted, too_many, too_many_of_address };
    /// `group` is empty for a peer that is counted in all only. Whoever is admitted leaves once.
    [[nodiscard]] Answer enter(const std::string& group);
    void leave(const std::string& group);

private:
    const std::size_t m_most;
    const std::size_t m_most_of_address;
    std::mutex m_mutex;
    std::size_t m_count = 0;
    std::unordered_map<std::string, std::size_t> m_of_address; ///< never 0
};

} // namespace keyfob::platform::http
