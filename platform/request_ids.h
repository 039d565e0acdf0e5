#pragma once

#include "platform/random.h"

#include <atomic>
#include <cstdint>
#include <string>

namespace keyfob::platform {

/// Names for requests: a random beginning for this process, then a number, so that one more costs no system call. Unique, no secret, and
/// guessable by whoever has seen one. Thread-safe.
class RequestIds {
public:
    explicit RequestIds(Random& random);
    [[nodiscard]] std::string next();

private:
    const std::string m_prefix;
    std::atomic<std::uint32_t> m_count{0};
};

} // namespace keyfob::platform
