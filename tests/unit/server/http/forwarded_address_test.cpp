#include "server/http/client_address.h"

#include <catch2/catch.hpp>

using namespace keyfob;
using server::http::TrustedProxies;

namespace {

const std::vector<std::string> k_proxies{"10.0.0.0/8", "::1", "127.0.0.1"};

TrustedProxies proxies(const std::vector<std::string>& entries = k_proxies) {
    return TrustedProxies::parse(entries).value();
}

std::string client(const std::string& peer, const std::vector<std::string>& forwarded) {
    platform::http::Request request;
    request.peer_address = peer;
    for (const std::string& value : forwarded)
        request.headers.add("X-Forwarded-For", value);
    return proxies().client_address(request);
}

} // namespace

TEST_CASE("FA-01: on an IPv6 socket an IPv4 peer is who it is") {
    CHECK(client("::ffff:127.0.0.1", {"203.0.113.9"}) == "203.0.113.9");
    CHECK(client("::ffff:10.1.2.3", {"203.0.113.9"}) == "203.0.113.9");
    CHECK(client("::ffff:192.0.2.1", {"203.0.113.9"}) == "192.0.2.1");
    CHECK(client("::1", {"::ffff:203.0.113.9"}) == "203.0.113.9");
    CHECK(client("::1", {"203.0.113.9, ::ffff:10.0.0.2"}) == "203.0.113.9");
    CHECK(client("2001:db8::7", {"203.0.113.9"}) == "2001:db8::7");
}

TEST_CASE("without TLS the port is for proxies and this machine, however the socket shows them") {
    const TrustedProxies ours = proxies({"10.0.0.0/8"});
    for (const char* peer : {"127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", "10.1.1.1", "::ffff:10.1.1.1"})
        CHECK(ours.may_use_plain_http(peer));
    for (const char* peer : {"192.0.2.1", "::ffff:192.0.2.1", "2001:db8::7", "10.1", "", "localhost"})
        CHECK_FALSE(ours.may_use_plain_http(peer));
}

TEST_CASE("AS-07: where our proxy does not say who asks, it is unknown and not the proxy") {
    CHECK(client("10.0.0.1", {}) == "unknown");
    for (const std::string& nothing : std::vector<std::string>{"",
                                                               " ",
                                                               ",",
                                                               "unknown",
                                                               "_hidden",
                                                               "203.0.113.9, unknown",
                                                               "203.0.113.9,",
                                                               "<script>",
                                                               "203.0.113.9 10.0.0.2",
                                                               "999.1.1.1",
                                                               "10.1",
                                                               "1",
                                                               "0x7f.1",
                                                               "203.0.113.9:port",
                                                               "203.0.113.9:",
                                                               "203.0.113.9:123456",
                                                               "[2001:db8::7",
                                                               "[2001:db8::7]x",
                                                               "[2001:db8::7]:",
                                                               "[]",
                                                               "[203.0.113.9:1]",
                                                               "fe80::1%eth0"}) {
        INFO(nothing);
        CHECK(client("10.0.0.1", {nothing}) == "unknown");
    }
    CHECK(client("10.0.0.1", {"203.0.113.9, unknown, 10.0.0.2"}) == "unknown");
}

TEST_CASE("AS-07: a port behind the address is left out") {
    CHECK(client("10.0.0.1", {"203.0.113.9:4711"}) == "203.0.113.9");
    CHECK(client("10.0.0.1", {"203.0.113.9:4711, 10.0.0.2:80"}) == "203.0.113.9");
    CHECK(client("10.0.0.1", {"[2001:db8::7]:4711"}) == "2001:db8::7");
    CHECK(client("10.0.0.1", {"[2001:db8::7]"}) == "2001:db8::7");
    CHECK(client("10.0.0.1", {"2001:db8::7"}) == "2001:db8::7");
    CHECK(client("10.0.0.1", {"2001:db8::1234"}) == "2001:db8::1234");
    CHECK(client("10.0.0.1", {"64:ff9b::192.0.2.33"}) == "64:ff9b::c000:221");
}

TEST_CASE("FA-02: a chain of our own proxies ends at the first of them") {
    CHECK(client("10.0.0.1", {"10.0.0.3,10.0.0.2"}) == "10.0.0.3");
    CHECK(client("10.0.0.1", {"203.0.113.9", "10.9.9.9", "10.0.0.2"}) == "203.0.113.9");
}
