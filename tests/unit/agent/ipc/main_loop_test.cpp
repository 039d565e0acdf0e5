#include "agent/ipc/main_loop.h"

#include "tests/support/main_loop.h"

#include <catch2/catch.hpp>

#include <future>
#include <vector>

using namespace keyfob;
using agent::ipc::run_on_main_loop;
using agent::ipc::Timer;
using agent::ipc::Workers;
using std::chrono::milliseconds;
using tests::run_until;

TEST_CASE("actions of any thread run on the main loop's, in the order in which they were given", "[ipc]") {
    std::vector<int> order;
    std::vector<std::thread::id> where;
    std::thread other([&] {
        for (int i = 0; i < 100; ++i)
            run_on_main_loop([&, i] {
                order.push_back(i);
                where.push_back(std::this_thread::get_id());
            });
    });
    run_until([&] { return order.size() == 100; });
    other.join();
    REQUIRE(std::is_sorted(order.begin(), order.end()));
    for (const auto id : where)
        REQUIRE(id == std::this_thread::get_id());
}

TEST_CASE("an action that gives the next one holds up nobody", "[ipc]") {
    int rounds = 0;
    bool other = false;
    std::function<void()> again = [&] {
        ++rounds;
        if (!other)
            run_on_main_loop(again);
    };
    run_on_main_loop(again);
    run_on_main_loop([&] { other = true; });
    run_until([&] { return other; });
    tests::settle();
    REQUIRE(rounds >= 1);
}

TEST_CASE("a timer fires once", "[ipc]") {
    Timer timer;
    int fired = 0;
    timer.start(milliseconds(0), [&] { ++fired; });
    REQUIRE(fired == 0); // never from within start()
    run_until([&] { return fired > 0; });
    tests::settle();
    REQUIRE(fired == 1);
}

TEST_CASE("a timer of more time than GLib can count waits for long, not for nothing", "[ipc]") {
    Timer late;
    Timer now;
    int wrong = 0;
    bool fired = false;
    late.start(GENERATE(milliseconds(1LL << 32), milliseconds::max()), [&] { ++wrong; });
    now.start(milliseconds::min(), [&] { fired = true; });
    run_until([&] { return fired; });
    tests::settle();
    REQUIRE(wrong == 0);
}

TEST_CASE("a timer that was cancelled, replaced or has gone does not fire", "[ipc]") {
    int wrong = 0;
    int right = 0;
    Timer cancelled;
    cancelled.start(milliseconds(0), [&] { ++wrong; });
    cancelled.cancel();
    cancelled.cancel();
    Timer replaced;
    replaced.start(milliseconds(0), [&] { ++wrong; });
    replaced.start(milliseconds(0), [&] { ++right; });
    {
        Timer gone;
        gone.start(milliseconds(0), [&] { ++wrong; });
    }
    run_until([&] { return right > 0; });
    tests::settle();
    REQUIRE(wrong == 0);
    REQUIRE(right == 1);
}

TEST_CASE("a timer may be started anew, and may go, while it fires", "[ipc]") {
    auto timer = std::make_unique<Timer>();
    int fired = 0;
    timer->start(milliseconds(0), [&] {
        ++fired;
        timer->start(milliseconds(0), [&] {
            timer.reset();
            ++fired;
        });
    });
    run_until([&] { return fired == 2; });
    REQUIRE_FALSE(timer);
}

TEST_CASE("work runs on a thread and its result comes back to the main loop", "[ipc]") {
    Workers workers;
    const auto here = std::this_thread::get_id();
    std::optional<std::thread::id> worked_at;
    std::optional<std::thread::id> done_at;
    REQUIRE(workers.run([] { return std::this_thread::get_id(); },
                        [&](std::thread::id where) {
                            worked_at = where;
                            done_at = std::this_thread::get_id();
                        }));
    run_until([&] { return done_at.has_value(); });
    REQUIRE(*done_at == here);
    REQUIRE(*worked_at != here);
}

TEST_CASE("too much work is refused, and what was refused never runs", "[ipc]") {
    constexpr int k_more_than_fit = 1000;
    std::promise<void> gate;
    const auto opened = gate.get_future().share();
    Workers workers;
    int taken = 0;
    int done = 0;
    for (int i = 0; i < k_more_than_fit; ++i)
        taken += workers.run(
                     [opened] {
                         opened.wait();
                         return true;
                     },
                     [&](bool) { ++done; })
                     ? 1
                     : 0;
    REQUIRE(taken < k_more_than_fit);
    gate.set_value();
    run_until([&] { return done == taken; });
    workers.stop();
    tests::settle();
    REQUIRE(done == taken);
    REQUIRE_FALSE(workers.run([] { return true; }, [&](bool) { ++done; }));
}
