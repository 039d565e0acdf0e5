#include "agent/api/error_code.h"

#include <catch2/catch.hpp>

#include <set>

using namespace keyfob::agent::api;

namespace {
constexpr const char* k_words[] = {k_failed,
                                   k_cancelled,
                                   k_usage,
                                   k_sign_in_needed,
                                   k_keychain_locked,
                                   k_refused,
                                   k_agent_unreachable,
                                   k_keychain_unreachable,
                                   k_timed_out,
                                   k_keychain_denied};
}

TEST_CASE("every error word has its own number and the exit code that is promised", "[agent][api]") {
    std::set<int> numbers;
    int expected_exit = 1;
    for (const char* word : k_words) {
        const ErrorCode& code = error_code(word);
        CHECK(code.word == word);
        CHECK(code.exit_code == expected_exit++);
        numbers.insert(code.number);
    }
    CHECK(numbers.size() == std::size(k_words));
    CHECK(expected_exit == 11);
}

TEST_CASE("an unknown error word means failed", "[agent][api]") {
    CHECK(error_code("").word == "failed");
    CHECK(error_code("keychain_LOCKED").exit_code == 1);
    CHECK(exit_code({keyfob::platform::ErrorKind::timed_out, "a connection that takes too long"}) == 1);
    CHECK(exit_code({keyfob::platform::ErrorKind::failed, "", "", k_timed_out}) == 9);
}
