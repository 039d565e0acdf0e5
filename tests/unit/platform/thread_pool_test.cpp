#include "platform/thread_pool.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdint>
#include <latch>
#include <memory>
#include <set>
#include <stdexcept>
#include <thread>

using namespace keyfob::platform;

TEST_CASE("a pool runs as many tasks at once as it has threads") {
    ThreadPool pool(4, 4);
    std::latch all_run(4); // would never open with fewer threads
    std::latch finished(4);
    for (int i = 0; i < 4; ++i)
        REQUIRE(pool.try_submit([&] {
            all_run.arrive_and_wait();
            finished.count_down();
        }));
    finished.wait();
}

TEST_CASE("one thread does what one thread can do") {
    ThreadPool pool(8, 8);
    std::set<std::thread::id> threads;
    for (int i = 0; i < 20; ++i) {
        std::latch ran(1);
        while (!pool.has_idle_thread() && !threads.empty()) // until the one before is over
            std::this_thread::yield();
        REQUIRE(pool.try_submit([&] {
            threads.insert(std::this_thread::get_id());
            ran.count_down();
        }));
        ran.wait();
    }
    CHECK(threads.size() == 1);
}

TEST_CASE("a full queue refuses, and what was refused never runs") {
    std::atomic<int> ran = 0;
    std::latch running(1);
    std::latch release(1);
    std::latch done(2);
    ThreadPool pool(1, 2);
    REQUIRE(pool.try_submit([&] {
        running.count_down();
        release.wait();
    }));
    running.wait(); // the thread is taken and the queue empty
    for (int i = 0; i < 2; ++i)
        CHECK(pool.try_submit([&] {
            ++ran;
            done.count_down();
        }));
    CHECK_FALSE(pool.try_submit([&] { ran += 100; }));
    release.count_down();
    done.wait();
    pool.stop();
    CHECK(ran == 2);
}

TEST_CASE("a task that throws, whatever it throws, costs no thread") {
    ThreadPool pool(1, 8);
    REQUIRE(pool.try_submit([] { throw std::runtime_error("on purpose"); }));
    REQUIRE(pool.try_submit([] { throw 42; }));
    std::latch ran(1);
    REQUIRE(pool.try_submit([&] { ran.count_down(); }));
    ran.wait();
}

TEST_CASE("stopping lets what runs finish, drops what waits and frees it, and refuses the rest") {
    ThreadPool pool(1, SIZE_MAX); // never full, so that a refusal means one thing
    std::latch running(1);
    std::latch release(1);
    std::atomic<bool> finished = false;
    std::atomic<bool> waiting_ran = false;
    REQUIRE(pool.try_submit([&] {
        running.count_down();
        release.wait();
        finished = true;
    }));
    running.wait();
    auto held = std::make_shared<int>(0);
    const std::weak_ptr<int> watched = held;
    REQUIRE(pool.try_submit([&, held] { waiting_ran = true; }));
    held.reset();
    REQUIRE_FALSE(watched.expired());
    std::thread stopper([&] { pool.stop(); });
    while (pool.try_submit([] {})) // until stop() has begun
        std::this_thread::yield();
    release.count_down();
    stopper.join();
    CHECK(finished);
    CHECK_FALSE(waiting_ran);
    CHECK(watched.expired());
    pool.stop();
    CHECK_FALSE(pool.try_submit([] {}));
}
