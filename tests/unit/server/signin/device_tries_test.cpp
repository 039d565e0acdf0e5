#include "server/signin/device_tries.h"

#include "platform/address_group.h"
#include "tests/fakes/manual_clock.h"

#include <catch2/catch.hpp>

#include <vector>

using namespace keyfob;
using namespace keyfob::server::signin;

namespace {

struct Bench {
    bool may_try(const std::string& address) { return tries.enter(address).has_value(); }
    /// How many of 200 wrong codes are looked at.
    int guess(const std::string& address) {
        int count = 0;
        for (int i = 0; i < 200 && may_try(address); ++i, ++count)
            alarms += tries.count_wrong(address) ? 1 : 0;
        return count;
    }
    static std::string address(int number) {
        return "198.51." + std::to_string(number / 250) + "." + std::to_string(number % 250);
    }

    fakes::ManualClock clock;
    platform::SystemRandom random;
    DeviceTries tries{clock, random};
    int alarms = 0;
};

} // namespace

TEST_CASE("DG-02: after five wrong codes an address waits, and others do not") {
    Bench bench;
    CHECK(bench.guess("192.0.2.1") == 5);
    CHECK(bench.tries.enter("192.0.2.1").error().code == "slow_down");
    CHECK(bench.may_try("192.0.2.2"));
    bench.clock.advance(std::chrono::seconds{119});
    CHECK_FALSE(bench.may_try("192.0.2.1"));
    bench.clock.advance(std::chrono::seconds{1});
    CHECK(bench.guess("192.0.2.1") == 1);
    CHECK(bench.guess("2001:db8:1:2::1") == 5);
    CHECK_FALSE(bench.may_try("2001:db8:1:2:ffff::2")); // one /64 is one
    CHECK(bench.may_try("2001:db8:1:3::1"));
    CHECK(bench.alarms == 0);
}

TEST_CASE("DG-02: who has many networks has few more wrong codes") {
    Bench bench;
    CHECK(bench.guess("2001:db8:1:1::1") == 5);
    CHECK(bench.guess("2001:db8:1:2::1") == 5);
    for (const char* same : {"2001:db8:1:3::1", "2001:db8:1:ffff::1"})
        CHECK(bench.guess(same) == 0);
    CHECK(bench.guess("2001:db8:2:1::1") == 5); // another customer
}

TEST_CASE("DG-02: right codes cost nothing") {
    Bench bench;
    for (int i = 0; i < 10'000; ++i)
        REQUIRE(bench.may_try("192.0.2.1"));
}

TEST_CASE("DG-02: all addresses together have few wrong codes in the life of a code, and it is said once") {
    Bench bench;
    int looked_at = 0;
    for (int second = 0; second < 600; ++second) {
        for (int i = 0; i < 20; ++i)
            looked_at += bench.guess(Bench::address(second * 20 + i));
        bench.clock.advance(std::chrono::seconds{1});
    }
    CHECK(looked_at ==
          DeviceTries::k_rate_of_all.most_within(std::chrono::seconds{600}) - 1); // the last comes at the end
    CHECK(bench.alarms == 1);
    bench.clock.advance(std::chrono::seconds{600});
    CHECK(bench.may_try("192.0.2.1"));
    for (int i = 0; i < 20; ++i)
        bench.guess(Bench::address(20'000 + i));
    CHECK(bench.alarms == 2);
}

TEST_CASE("DG-02: tries at the same moment are few, and are all counted") {
    Bench bench;
    for (int round = 0; round < 12; ++round) { // 48 tries, by fours that all have passed before the first is counted
        std::vector<CallLimit::Permit> running;
        for (;;) {
            auto permit = bench.tries.enter(Bench::address(round));
            if (!permit)
                break;
            running.push_back(std::move(*permit));
        }
        CHECK(running.size() == DeviceTries::k_at_a_time);
        for (std::size_t i = 0; i < running.size(); ++i)
            (void)bench.tries.count_wrong(Bench::address(round));
    }
    CHECK_FALSE(bench.may_try("192.0.2.1"));
    bench.clock.advance(std::chrono::seconds{13}); // one is there again
    CHECK(bench.may_try("192.0.2.1"));
    std::vector<CallLimit::Permit> running;
    for (std::size_t i = 0; i < DeviceTries::k_at_a_time; ++i)
        running.push_back(std::move(bench.tries.enter(Bench::address(100 + int(i))).value()));
    running.clear();
    for (std::size_t i = 0; i < DeviceTries::k_at_a_time; ++i)
        (void)bench.tries.count_wrong(Bench::address(100 + int(i)));
    bench.clock.advance(std::chrono::seconds{13});
    CHECK_FALSE(bench.may_try("192.0.2.1")); // three too many are paid for first
    bench.clock.advance(std::chrono::seconds{37});
    CHECK(bench.may_try("192.0.2.1"));
}

TEST_CASE("DG-02: where a proxy tells no address, one who guesses locks out nobody by himself") {
    Bench bench;
    CHECK(bench.guess(platform::k_unknown_address) == 48);
}
