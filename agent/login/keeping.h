#pragma once

#include "platform/result.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>

namespace keyfob::agent::login {

/// Whether a session is kept. The keychain's answer, the end of the sign-in and the end of patience may all come at once, on two threads: the
/// first decides, and whoever comes later undoes what it did. Thread-safe.
class Keeping {
public:
    /// False: it was decided before.
    bool decide(const platform::Result<void>& outcome);
    /// Waits for the decision. After `patience` that is `too_late`.
    [[nodiscard]] platform::Result<void> wait(std::chrono::milliseconds patience, const platform::Error& too_late);

private:
    std::mutex m_mutex;
    std::condition_variable m_decided;
    std::optional<platform::Result<void>> m_outcome;
};

} // namespace keyfob::agent::login
