#include "server/identity/call_limit.h"

#include <catch2/catch.hpp>

#include <future>

using namespace keyfob;
using server::identity::CallLimit;

TEST_CASE("a provider that hangs holds no more threads than its share") {
    CallLimit limit(2, std::chrono::milliseconds{0});
    auto first = limit.enter();
    auto second = limit.enter();
    REQUIRE(first);
    REQUIRE(second);
    const auto third = limit.enter();
    REQUIRE(!third);
    CHECK(third.error().kind == platform::ErrorKind::unreachable);
    first->reset();
    CHECK(limit.enter());
}

TEST_CASE("a place that becomes free is given to who waits") {
    CallLimit limit(1, std::chrono::hours{1});
    auto first = limit.enter();
    REQUIRE(first);
    auto second = std::async(std::launch::async, [&] { return limit.enter().has_value(); });
    first->reset();
    CHECK(second.get());
}
