#pragma once

#include "platform/result.h"

#include <stdexcept>
#include <utility>

namespace keyfob::tests {

/// The value of a step that a test only walks over. Throws what went wrong, which also helps in threads, where Catch2 cannot check.
template <typename T> T must(platform::Result<T> result) {
    if (!result)
        throw std::runtime_error(result.error().code + ": " + result.error().message);
    return std::move(result).value();
}

} // namespace keyfob::tests
