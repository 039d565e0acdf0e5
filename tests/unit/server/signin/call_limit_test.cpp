#include "server/signin/call_limit.h"

#include <catch2/catch.hpp>

using keyfob::server::signin::CallLimit;

TEST_CASE("a provider that hangs holds no more threads than its share, and nobody waits for a place") {
    CallLimit limit(2);
    auto first = limit.enter();
    const auto second = limit.enter();
    CHECK(first);
    CHECK(second);
    CHECK_FALSE(limit.enter());
    first.reset();
    CHECK(limit.enter());
    const auto third = limit.enter(); // the one before was given back at once
    CHECK(third);
    CHECK_FALSE(limit.enter());
}
