#include "agent/vault/write_queue.h"

#include <utility>

namespace keyfob::agent::vault {

using platform::Result;

void WriteQueue::push(const std::string& id, Write write, Done done) {
    auto& queue = m_queues[id];
    queue.push_back({std::move(write), std::move(done)});
    if (queue.size() == 1)
        begin(id);
}

void WriteQueue::begin(const std::string& id) {
    const Write write = std::move(m_queues[id].front().write); // it may answer at once, and its entry goes
    write([this, id](const Result<void>& outcome) { end(id, outcome); });
}

void WriteQueue::end(const std::string& id, const Result<void>& outcome) {
    const Done done = std::move(m_queues[id].front().done);
    done(outcome); // while the entry still holds the place: what it asks for comes after all that waits
    const auto queue = m_queues.find(id);
    queue->second.pop_front();
    if (queue->second.empty())
        m_queues.erase(queue);
    else
        begin(id);
}

} // namespace keyfob::agent::vault
