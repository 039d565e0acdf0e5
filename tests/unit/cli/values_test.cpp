#include "cli/values.h"

#include "agent/api/error_code.h"

#include <catch2/catch.hpp>

using namespace keyfob::cli;
using std::chrono::seconds;

TEST_CASE("durations have a unit or are seconds", "[cli]") {
    CHECK(*parse_duration("90s") == seconds(90));
    CHECK(*parse_duration("10m") == seconds(600));
    CHECK(*parse_duration("1h") == seconds(3600));
    CHECK(*parse_duration("45") == seconds(45));
    for (const char* wrong : {"", "0", "0m", "-1s", "+1s", "1.5m", "m", "1d", "10 m", "10m ", " 10m", "1e3",
                              "99999999999s", "0x10", "1ms"}) {
        CAPTURE(wrong);
        const auto duration = parse_duration(wrong);
        REQUIRE_FALSE(duration);
        CHECK(duration.error().code == keyfob::agent::api::k_usage);
    }
}

TEST_CASE("ports are numbers from 1 to 65535", "[cli]") {
    CHECK(*parse_port("1") == 1);
    CHECK(*parse_port("65535") == 65535);
    for (const char* wrong : {"", "0", "65536", "-1", "80a", "http", "99999999999999999999"})
        CHECK_FALSE(parse_port(wrong));
}

TEST_CASE("a server is an origin, https unless it is loopback", "[cli]") {
    CHECK(parse_server("app.example.com")->text() == "https://app.example.com");
    CHECK(parse_server("app.example.com:8443")->text() == "https://app.example.com:8443");
    CHECK(parse_server("https://App.Example.com/")->text() == "https://app.example.com");
    CHECK(parse_server("127.0.0.1:8420")->text() == "http://127.0.0.1:8420");
    CHECK(parse_server("127.0.0.1")->text() == "http://127.0.0.1");
    CHECK(parse_server("[::1]:8420")->text() == "http://[::1]:8420");
    CHECK(parse_server("http://127.0.0.1:8420")->text() == "http://127.0.0.1:8420");
    CHECK(parse_server("https://127.0.0.1:8420")->text() == "https://127.0.0.1:8420");
}

TEST_CASE("AG-06: what is no server address never gets further", "[cli]") {
    for (const char* wrong :
         {"", "http://example.com", "http://127.0.0.2", "http://localhost:8420", "https://a.example/x",
          "https://a.example/?x", "file:///etc/passwd", "vscode://x", "javascript:alert(1)", "$(reboot)", "a;b",
          "https://u:p@a.example", "https://a.example\\@b.example", "https://a.example#x", "\"&calc", "a b",
          "https://a.example\r\nX: y", "--help"}) {
        CAPTURE(wrong);
        const auto server = parse_server(wrong);
        REQUIRE_FALSE(server);
        CHECK(server.error().code == keyfob::agent::api::k_usage);
    }
}

TEST_CASE("durations are told in the largest unit that fits", "[cli]") {
    CHECK(describe(seconds(600)) == "10 minutes");
    CHECK(describe(seconds(60)) == "1 minute");
    CHECK(describe(seconds(90)) == "90 seconds");
    CHECK(describe(seconds(3600)) == "1 hour");
    CHECK(describe(seconds(172800)) == "2 days");
    CHECK(describe(seconds(0)) == "0 seconds");
}
