#include "agent/login/keeping.h"

#include <catch2/catch.hpp>

#include <future>

using namespace keyfob;
using agent::login::Keeping;
using platform::Error;
using platform::ErrorKind;

namespace {

const Error k_too_late{ErrorKind::timed_out, "too late"};
const Error k_given_up{ErrorKind::cancelled, "given up"};

} // namespace

TEST_CASE("whether a session is kept is decided once", "[login]") {
    Keeping keeping;
    REQUIRE(keeping.decide({}));
    REQUIRE_FALSE(keeping.decide(k_given_up));
    REQUIRE(keeping.wait(std::chrono::hours(1), k_too_late));
}

TEST_CASE("what the keychain says after the end of patience counts no more", "[login]") {
    Keeping keeping;
    REQUIRE(keeping.wait(std::chrono::milliseconds(0), k_too_late).error().message == "too late");
    REQUIRE_FALSE(keeping.decide({}));
    REQUIRE_FALSE(keeping.wait(std::chrono::milliseconds(0), k_given_up));
}

TEST_CASE("whoever waits for the decision is woken by it", "[login]") {
    Keeping keeping;
    auto waiting = std::async(std::launch::async, [&] { return keeping.wait(std::chrono::hours(1), k_too_late); });
    REQUIRE(keeping.decide(k_given_up));
    REQUIRE(waiting.get().error().message == "given up");
}
