#include "server/signin/session_cookie.h"

#include "platform/random.h"

#include <catch2/catch.hpp>

#include <set>

using namespace keyfob;
using namespace keyfob::server::signin;

TEST_CASE("AS-16: a session cookie is prefix, randomness and checksum, and never twice the same") {
    platform::SystemRandom random;
    std::set<std::string> all;
    for (int i = 0; i < 100; ++i) {
        const std::string cookie = make_session_cookie(random);
        CHECK(cookie.size() == 55);
        CHECK(cookie.starts_with("kfs_"));
        CHECK(is_session_cookie(cookie));
        all.insert(cookie);
    }
    CHECK(all.size() == 100);
}

TEST_CASE("AS-16: every prefix and every prolongation of a session cookie is refused") {
    platform::SystemRandom random;
    const std::string cookie = make_session_cookie(random);
    for (std::size_t length = 0; length < cookie.size(); ++length)
        CHECK_FALSE(is_session_cookie(cookie.substr(0, length)));
    for (const char* more : {"0", "=", " ", ";"})
        CHECK_FALSE(is_session_cookie(cookie + more));
    CHECK_FALSE(is_session_cookie(cookie + std::string(1, '\0')));
    CHECK_FALSE(is_session_cookie(cookie + cookie));
}

TEST_CASE("AS-16: a session cookie with one letter changed is refused before any look-up") {
    platform::SystemRandom random;
    const std::string cookie = make_session_cookie(random);
    for (std::size_t i = 0; i < cookie.size(); ++i) {
        std::string changed = cookie;
        changed[i] = changed[i] == 'a' ? 'b' : 'a';
        INFO(i);
        CHECK_FALSE(is_session_cookie(changed));
    }
}
