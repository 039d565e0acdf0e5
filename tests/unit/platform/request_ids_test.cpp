#include "platform/request_ids.h"

#include <catch2/catch.hpp>

#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace keyfob::platform;

TEST_CASE("request ids are never twice the same, in any thread, and two processes differ") {
    SystemRandom random;
    RequestIds ids(random);
    RequestIds other(random);
    std::mutex mutex;
    std::set<std::string> seen;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int j = 0; j < 1'000; ++j) {
                const std::string own = ids.next();
                const std::string foreign = other.next();
                const std::lock_guard lock(mutex);
                seen.insert(own);
                seen.insert(foreign);
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK(seen.size() == 8'000);
    const std::string last = ids.next();
    CHECK(last.find("-fa0") == 6); // 4,000 in hexadecimal, behind what is this process's own
}
