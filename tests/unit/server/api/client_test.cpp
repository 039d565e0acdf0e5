#include "server/api/client.h"

#include "platform/encoding.h"
#include "tests/fakes/manual_clock.h"
#include "tests/fakes/scripted_transport.h"

#include <catch2/catch.hpp>

#include <limits>

namespace {

using namespace keyfob;
using platform::ErrorKind;
using platform::Result;
using server::api::SessionGrant;

/// What a server grants, as it says it.
struct Granted {
    std::string session_id = "session-1";
    std::string cookie = "kfs_1";
    std::string challenge = "challenge-1";
    std::string subject = "1";
    std::string issuer = "https://accounts.example";
    std::string name = "Ann";
    std::string expires_in = "600";
    std::string session_expires_at = "1802592000";
};

platform::http::ClientResponse token_response(const Granted& granted) {
    platform::http::Headers headers;
    headers.add("Set-Cookie", "keyfob=" + granted.cookie + "; Path=/; HttpOnly");
    headers.add("Secure-Session-Challenge", "\"" + granted.challenge + "\";id=\"session-1\"");
    return fakes::response(200,
                           R"({"token_type":"keyfob-session","issuer":"http://127.0.0.1:1","session_id":")" +
                               granted.session_id + R"(","expires_in":)" + granted.expires_in +
                               R"(,"session_expires_at":)" + granted.session_expires_at + R"(,"user":{"issuer":")" +
                               granted.issuer + R"(","subject":")" + granted.subject + R"(","name":")" + granted.name +
                               R"(","email":"ann@example.com","provider":"company"}})",
                           headers);
}

struct Fixture {
    Result<SessionGrant> redeem(const platform::http::ClientResponse& response) {
        transport.then([=](const auto&) { return response; });
        return client.redeem(key, {"code", "verifier", "http://127.0.0.1:2/cb/x"});
    }

    fakes::ScriptedTransport transport;
    fakes::ManualClock clock;
    platform::SystemRandom random;
    platform::jose::EcKey key = platform::jose::EcKey::generate();
    server::api::Client client{platform::Url::parse("http://127.0.0.1:1/")->origin, transport, clock, random};
};

} // namespace

TEST_CASE("what a server grants is taken as it says") {
    Fixture fixture;
    const auto grant = fixture.redeem(token_response({}));
    REQUIRE(grant);
    CHECK(grant->session_id == "session-1");
    CHECK(grant->user.subject == "1");
    CHECK(grant->cookie.challenge == "challenge-1");
    CHECK(grant->cookie.expires_in == 600);
}

TEST_CASE("parts of a grant that are too long to keep are refused, up to their limit they are not") {
    const auto [part, longest] = GENERATE(table<std::string Granted::*, std::size_t>({{&Granted::session_id, 255},
                                                                                      {&Granted::cookie, 1024},
                                                                                      {&Granted::challenge, 1024},
                                                                                      {&Granted::subject, 255},
                                                                                      {&Granted::issuer, 255}}));
    Fixture fixture;
    Granted granted;
    granted.*part = std::string(longest, 'x');
    CHECK(fixture.redeem(token_response(granted)));
    granted.*part += 'x';
    const auto refused = fixture.redeem(token_response(granted));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::invalid);
    CHECK(refused.error().message.size() < 200);
}

TEST_CASE("a name that is too long is cut") {
    Fixture fixture;
    Granted granted;
    granted.name = std::string(70'000, 'n');
    const auto grant = fixture.redeem(token_response(granted));
    REQUIRE(grant);
    CHECK(grant->user.name.size() < 300);
}

TEST_CASE("times of a server are ones to count with") {
    const std::int64_t now = platform::to_unix(fakes::ManualClock().now());
    const std::string wild = GENERATE(as<std::string>{}, "9223372036854775807", "-9223372036854775808", "5356800000");
    Fixture fixture;
    Granted granted;
    granted.session_expires_at = wild;
    if (wild[0] != '-')
        granted.expires_in = wild;
    const auto grant = fixture.redeem(token_response(granted));
    REQUIRE(grant);
    CHECK(grant->cookie.expires_in <= 24 * 3600);
    CHECK(grant->cookie.session_expires_at >= 0);
    CHECK(grant->cookie.session_expires_at < now + 11L * 366 * 24 * 3600);
}

TEST_CASE("AS-04: behind a proxy, a server that is being restarted is away, and asked again") {
    const auto [status, kind] = GENERATE(table<int, ErrorKind>({{500, ErrorKind::failed},
                                                                {502, ErrorKind::unreachable},
                                                                {503, ErrorKind::unreachable},
                                                                {504, ErrorKind::unreachable},
                                                                {400, ErrorKind::failed}}));
    Fixture fixture;
    const auto refused = fixture.redeem(fakes::response(status, "<html>Bad Gateway</html>"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == kind);
}

TEST_CASE("OP-03: 429 says come again, and when; it is no refusal") {
    const auto error_of = [](int status, const std::string& retry_after) {
        Fixture fixture;
        platform::http::Headers headers;
        if (!retry_after.empty())
            headers.set("Retry-After", retry_after);
        return fixture.redeem(fakes::response(status, R"({"error":"rate_limited","error_description":"x"})", headers))
            .error();
    };
    CHECK(error_of(429, "7").kind == ErrorKind::unreachable);
    CHECK(error_of(429, "7").retry_after == std::chrono::seconds(7));
    CHECK(error_of(429, "7").hint == "try again in 7 seconds");
    CHECK(error_of(429, "7").code == "rate_limited");
    CHECK(error_of(503, "2").retry_after == std::chrono::seconds(2));
    CHECK(error_of(429, "").kind == ErrorKind::unreachable);
    for (const char* other : {"", "soon", "-1", "1.5", " 1", "0x1", "Fri, 31 Dec 1999 23:59:59 GMT"})
        CHECK(error_of(429, other).retry_after == std::chrono::seconds(0));
    for (const char* long_time : {"3600", "86400", "99999999999999999999"})
        CHECK(error_of(429, long_time).retry_after == std::chrono::seconds(3600));
}
