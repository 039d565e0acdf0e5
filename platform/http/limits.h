#pragma once

#include <chrono>
#include <cstddef>

namespace keyfob::platform::http {

/// Every number of the front in one place.
struct Limits {
    std::size_t head_bytes = 16 * 1024;
    std::size_t fields = 64;
    std::chrono::milliseconds head_deadline{5'000};  ///< for the whole head, from its first byte
    std::chrono::milliseconds body_deadline{10'000}; ///< for the whole body
    std::chrono::milliseconds idle{15'000};          ///< between two requests of one connection
    std::chrono::milliseconds handshake_deadline{5'000};
    std::chrono::milliseconds write_deadline{10'000};
    std::size_t connections = 1024;     ///< fewer where the process may not open so many descriptors
    std::size_t requests_in_a_row = 32; ///< pipelined ones of one connection, before others get the thread
    std::size_t fast_threads = 8;
    std::size_t upstream_threads = 32;
    std::size_t queue = 512;                        ///< requests that wait for a thread; one more is answered 503
    std::chrono::milliseconds stop_deadline{5'000}; ///< how long stop() waits for running handlers
};

} // namespace keyfob::platform::http
