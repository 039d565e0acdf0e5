#pragma once

#include <cstddef>
#include <string>

namespace keyfob::platform {

/// Source of secrets (KS-01). Injectable so that a test can make a value known; the programs use SystemRandom alone.
class Random {
public:
    virtual ~Random() = default;
    /// `count` random octets. Thread-safe. Ends the process if the operating system has no randomness to give.
    [[nodiscard]] virtual std::string bytes(std::size_t count) = 0;
    /// base64url text of `count` random octets; 16 and more are unguessable.
    [[nodiscard]] std::string token(std::size_t count = 32);
};

/// getrandom(2).
class SystemRandom final : public Random {
public:
    [[nodiscard]] std::string bytes(std::size_t count) override;
};

} // namespace keyfob::platform
