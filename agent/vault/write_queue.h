#pragma once

#include "platform/result.h"

#include <deque>
#include <functional>
#include <map>
#include <string>

namespace keyfob::agent::vault {

/// Writes to the keychain: those of one id one after the other, in the order in which they were asked for, because a keychain makes no promise
/// about calls that overlap. Others do not wait for them. Main loop thread only.
class WriteQueue {
public:
    using Done = std::function<void(const platform::Result<void>&)>;
    /// Begins the write, or finds that it is not wanted any more; calls `done` exactly once, now or later.
    using Write = std::function<void(Done done)>;

    /// `done` is called before the next write of this id begins.
    void push(const std::string& id, Write write, Done done);
    [[nodiscard]] bool is_empty() const { return m_queues.empty(); }

private:
    struct Entry {
        Write write;
        Done done;
    };
    void begin(const std::string& id);
    void end(const std::string& id, const platform::Result<void>& outcome);
    std::map<std::string, std::deque<Entry>> m_queues; ///< the first of each runs
};

} // namespace keyfob::agent::vault
