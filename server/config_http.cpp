#include "server/config_http.h"

#include <algorithm>
#include <cstdint>
#include <thread>

namespace keyfob::server {
namespace {

using platform::http::Limits;
using std::chrono::milliseconds;

constexpr unsigned k_most_default_loops = 4;

struct Duration {
    const char* key;
    milliseconds Limits::*limit;
};
struct Size {
    const char* key;
    std::size_t Limits::*limit;
    std::int64_t least; ///< octets
    std::int64_t most;
};
struct Count {
    const char* key;
    std::size_t Limits::*limit;
    std::int64_t most;
};

constexpr Duration k_durations[] = {
    {"head_deadline", &Limits::head_deadline},
    {"body_deadline", &Limits::body_deadline},
    {"idle", &Limits::idle},
    {"handshake_deadline", &Limits::handshake_deadline},
    {"write_deadline", &Limits::write_deadline},
    {"linger", &Limits::linger},
    {"stop_deadline", &Limits::stop_deadline},
    {"stop_grace", &Limits::stop_grace},
};
constexpr Size k_sizes[] = {
    {"head_size", &Limits::head_bytes, 1024, std::int64_t{1} << 20},
    {"body_size", &Limits::body_bytes, 1024, std::int64_t{16} << 20},
    {"linger_size", &Limits::linger_bytes, 1024, std::int64_t{16} << 20},
};
constexpr Count k_counts[] = {
    {"head_fields", &Limits::fields, 1'000},
    {"connections", &Limits::connections, 1'000'000},
    {"connections_per_address", &Limits::connections_per_address, 1'000'000},
    {"requests_in_a_row", &Limits::requests_in_a_row, 10'000},
    {"event_loops", &Limits::loops, 64},
    {"fast_threads", &Limits::fast_threads, 256},
    {"upstream_threads", &Limits::upstream_threads, 1'024},
    {"queue", &Limits::queue, 100'000},
};

/// The least number of threads that the rest is reckoned with: two go on with what only reads while the others wait for a writer.
constexpr std::size_t k_fewest_fast_threads = 4;

} // namespace

Limits default_http_limits() {
    Limits limits;
    limits.loops = std::clamp(std::thread::hardware_concurrency(), 1U, k_most_default_loops);
    return limits;
}

void read_http_limits(TableReader& table, Limits& limits) {
    for (const auto& [key, limit] : k_durations)
        limits.*limit = milliseconds{table.milliseconds(key, (limits.*limit).count())};
    for (const auto& [key, limit, least, most] : k_sizes) {
        const std::int64_t size = table.size(key, static_cast<std::int64_t>(limits.*limit));
        if (size < least || size > most)
            table.problem(key, "is not between " + std::to_string(least / 1024) + "KiB and " +
                                   std::to_string(most / 1024) + "KiB");
        limits.*limit = static_cast<std::size_t>(size);
    }
    for (const auto& [key, limit, most] : k_counts)
        limits.*limit = static_cast<std::size_t>(table.count(key, static_cast<std::int64_t>(limits.*limit), most));
    if (limits.fast_threads < k_fewest_fast_threads)
        table.problem("fast_threads", "must be at least " + std::to_string(k_fewest_fast_threads));
}

toml::table http_limits_table(const Limits& limits) {
    toml::table table;
    for (const auto& [key, limit] : k_durations)
        table.insert(key, std::to_string((limits.*limit).count()) + "ms");
    for (const auto& [key, limit, least, most] : k_sizes)
        table.insert(key, std::to_string((limits.*limit) / 1024) + "KiB");
    for (const auto& [key, limit, most] : k_counts)
        table.insert(key, static_cast<std::int64_t>(limits.*limit));
    return table;
}

} // namespace keyfob::server
