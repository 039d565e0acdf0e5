#include "server/storage/writer_queue.h"

#include "tests/unit/server/storage/fixture.h"

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

using keyfob::server::storage::WriterQueue;
using keyfob::server::storage::tests::k_long;

namespace {

/// Whether one who leaves and comes again at once gets the turn before one who was waiting.
bool passes_who_waits() {
    WriterQueue queue({k_long, 1, std::chrono::milliseconds{0}}); // one may wait, a second fails at once
    std::latch one_failed(1);
    bool had_turn = false; // by whose turn it is
    const auto write = [&] {
        if (!queue.enter())
            return one_failed.count_down();
        had_turn = true;
        queue.leave();
    };
    REQUIRE(queue.enter());
    std::thread first(write);
    std::thread second(write);
    one_failed.wait(); // so the other one waits
    queue.leave();
    bool passed = false;
    if (queue.enter()) { // otherwise it waits still, and we are the second
        passed = !had_turn;
        queue.leave();
    }
    first.join();
    second.join();
    return passed || !had_turn;
}

} // namespace

TEST_CASE("KS-08: who comes again at once does not pass who waits") {
    for (int round = 0; round < 20; ++round)
        REQUIRE_FALSE(passes_who_waits());
}

TEST_CASE("KS-09: a turn that was meant for one who had lost patience goes to the next") {
    WriterQueue queue({std::chrono::milliseconds{1}, 2, std::chrono::milliseconds{1}});
    constexpr int k_threads = 8;
    std::atomic<int> inside = 0;
    std::atomic<bool> together = false;
    std::vector<std::thread> threads;
    for (int i = 0; i < k_threads; ++i)
        threads.emplace_back([&] {
            for (int turn = 0; turn < 500; ++turn) {
                if (!queue.enter())
                    continue;
                if (++inside > 1)
                    together = true;
                std::this_thread::yield();
                --inside;
                queue.leave();
            }
        });
    for (std::thread& thread : threads)
        thread.join();
    CHECK_FALSE(together);
    CHECK(queue.enter()); // nobody has it, and nobody stands before us
    queue.leave();
}
