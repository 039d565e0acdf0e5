#include "server/storage/writer_queue.h"

#include "tests/unit/server/storage/fixture.h"

#include <array>
#include <atomic>
#include <thread>
#include <vector>

using keyfob::server::storage::WriterQueue;
using keyfob::server::storage::tests::k_long;

TEST_CASE("KS-08: who comes again at once does not pass who waits") {
    constexpr int k_turns = 1'000;
    WriterQueue queue({k_long, 8, k_long});
    std::array<std::atomic<bool>, 2> waits{};
    std::atomic<int> ended = 0;
    int turns = 0; // by whose turn it is, like the two below
    int changes = 0;
    std::size_t last = 0;
    const auto write = [&](std::size_t self) {
        for (bool more = true; more;) {
            waits[self] = true;
            if (!queue.enter())
                break;
            waits[self] = false;
            while (!waits[1 - self] && ended == 0) // the other one is at the queue when this turn ends
                std::this_thread::yield();
            changes += last == self ? 0 : 1;
            last = self;
            more = ++turns < k_turns;
            ended += more ? 0 : 1;
            queue.leave();
        }
    };
    std::thread other(write, 1);
    write(0);
    other.join();
    CHECK(turns >= k_turns);
    CHECK(changes > k_turns / 2); // all of them, but where one was stopped just before it came to the queue
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
