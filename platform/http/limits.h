#pragma once

#include <chrono>
#include <cstddef>

namespace keyfob::platform::http {

/// Every number of the front in one place.
struct Limits {
    std::size_t head_bytes = 16 * 1024;
    std::size_t fields = 64;
    std::size_t body_bytes = 64 * 1024;              ///< unless the application says otherwise for a request
    std::chrono::milliseconds head_deadline{5'000};  ///< for the whole head, from its first octet
    std::chrono::milliseconds body_deadline{10'000}; ///< for the whole body
    std::chrono::milliseconds idle{15'000};          ///< between two requests of one connection
    std::chrono::milliseconds handshake_deadline{5'000};
    std::chrono::milliseconds write_deadline{10'000}; ///< for one whole response
    std::chrono::milliseconds linger{1'000}; ///< how long what a peer still sends after the last answer is thrown away
    std::size_t linger_bytes = 256 * 1024;   ///< and how much of it
    std::size_t connections = 16'384;        ///< fewer where the process may not open so many descriptors
    std::size_t connections_per_address = 512; ///< of one IPv4 address, or one /64 of IPv6
    std::size_t requests_in_a_row = 32;        ///< pipelined ones of one connection, before it is the turn of others
    std::size_t loops = 1;                     ///< threads that read, write, and handle what takes microseconds
    std::size_t fast_threads = 8;
    std::size_t upstream_threads = 32;
    std::size_t queue = 512;                         ///< requests that wait for a thread; one more is answered 503
    std::chrono::milliseconds stop_deadline{10'000}; ///< how long stop() waits for what runs
    std::chrono::milliseconds stop_grace{250}; ///< how long, during a stop, requests on idle connections are answered
};

} // namespace keyfob::platform::http
