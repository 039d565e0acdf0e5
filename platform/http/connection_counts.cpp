#include "platform/http/connection_counts.h"

namespace keyfob::platform::http {

ConnectionCounts::Answer ConnectionCounts::enter(const std::string& group) {
    const std::lock_guard lock(m_mutex);
    if (m_count >= m_most)
        return Answer::too_many;
    if (!group.empty()) {
        const auto known = m_of_address.find(group);
        if (known != m_of_address.end() && known->second >= m_most_of_address)
            return Answer::too_many_of_address;
        ++m_of_address[group];
    }
    ++m_count;
    return Answer::admitted;
}

void ConnectionCounts::leave(const std::string& group) {
    const std::lock_guard lock(m_mutex);
    --m_count;
    const auto known = m_of_address.find(group);
    if (known != m_of_address.end() && --known->second == 0)
        m_of_address.erase(known);
}

} // namespace keyfob::platform::http
