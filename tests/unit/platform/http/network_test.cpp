#include "platform/http/network.h"

#include <catch2/catch.hpp>

using namespace keyfob::platform::http;
using Poco::Net::IPAddress;

TEST_CASE("a network holds its addresses and no other") {
    struct Row {
        const char* network;
        const char* inside;
        const char* outside;
    };
    const Row row = GENERATE(
        Row{"10.0.0.0/8", "10.255.255.255", "11.0.0.0"}, Row{"192.168.1.7", "192.168.1.7", "192.168.1.8"},
        Row{"172.16.0.0/12", "172.31.255.255", "172.32.0.0"}, Row{"192.0.2.128/25", "192.0.2.128", "192.0.2.127"},
        Row{"0.0.0.0/0", "255.255.255.255", "::1"}, Row{"fe80::/10", "febf::1", "fec0::1"}, Row{"::1", "::1", "::2"},
        Row{"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"}, Row{"::/0", "::1", "127.0.0.1"});
    INFO(row.network);
    const auto network = Network::parse(row.network);
    REQUIRE(network);
    CHECK(network->contains(IPAddress(row.inside)));
    CHECK_FALSE(network->contains(IPAddress(row.outside)));
}

TEST_CASE("what is no network is refused") {
    for (const char* wrong : {"",
                              "/",
                              "/8",
                              "10.0.0.0/",
                              "10.0.0.0/33",
                              "10.0.0.0/-1",
                              "10.0.0.0/+8",
                              "10.0.0.0/8x",
                              "10.0.0.0/ 8",
                              "::/129",
                              "localhost",
                              "10.0.0.0/8/8",
                              "10.0.0.256",
                              "10.1",
                              "010.0.0.1",
                              "0x0a.0.0.1",
                              "167772161",
                              "10.0.0.1 x",
                              "[::1]",
                              "1.2.3.4.5"}) {
        INFO(wrong);
        CHECK_FALSE(Network::parse(wrong));
    }
}

TEST_CASE("RP-17: addresses that are not on the public internet") {
    for (const char* text : {"127.0.0.1",
                             "127.255.255.255",
                             "10.1.2.3",
                             "172.16.0.1",
                             "172.31.255.255",
                             "192.168.0.1",
                             "169.254.169.254",
                             "0.0.0.0",
                             "100.64.0.1",
                             "192.0.0.8",
                             "192.0.2.1",
                             "198.18.0.1",
                             "198.51.100.1",
                             "203.0.113.1",
                             "224.0.0.1",
                             "240.0.0.1",
                             "255.255.255.255",
                             "::",
                             "::1",
                             "fe80::1",
                             "fc00::1",
                             "fd12::1",
                             "fec0::1",
                             "ff02::1",
                             "2001:db8::1",
                             "::ffff:127.0.0.1",
                             "::ffff:10.0.0.1",
                             "::ffff:169.254.169.254",
                             "::127.0.0.1",
                             "64:ff9b::7f00:1",
                             "2002:7f00:1::",
                             "2001::1"}) {
        INFO(text);
        CHECK_FALSE(is_public_address(IPAddress(text)));
    }
    for (const char* text : {"8.8.8.8", "172.15.255.255", "172.32.0.1", "192.167.255.255", "100.63.255.255",
                             "223.255.255.255", "2606:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8"}) {
        INFO(text);
        CHECK(is_public_address(IPAddress(text)));
    }
}
