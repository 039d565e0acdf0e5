#include "platform/address_group.h"

#include <catch2/catch.hpp>

using keyfob::platform::address_group;
using keyfob::platform::wide_address_group;

TEST_CASE("OP-03: an IPv4 address counts alone, however it is written") {
    CHECK(address_group("192.0.2.1") == "192.0.2.1");
    CHECK(address_group("::ffff:192.0.2.1") == "192.0.2.1");
    CHECK(address_group("::FFFF:c000:201") == "192.0.2.1");
    CHECK(address_group("192.0.2.2") != address_group("192.0.2.1"));
}

TEST_CASE("OP-03: addresses of one IPv6 /64 count as one, others do not") {
    const std::string group = address_group("2001:db8:1:2::1");
    CHECK(address_group("2001:db8:1:2:ffff:ffff:ffff:ffff") == group);
    CHECK(address_group("2001:0DB8:0001:0002:0:0:0:7") == group);
    CHECK(address_group("2001:db8:1:3::1") != group);
    CHECK(address_group("fe80::1%eth0") == address_group("fe80::2%eth1"));
    CHECK(address_group("::1") != address_group("192.0.2.1"));
}

TEST_CASE("OP-03: what is no address stands for itself") {
    for (const char* text : {"", "unknown", "192.0.2", "2001:db8::g", "192.0.2.1:80"}) {
        CHECK(address_group(text) == text);
        CHECK(wide_address_group(text) == text);
    }
}

TEST_CASE("OP-03: the /64s of one IPv6 /48 have a wide group in common") {
    const std::string group = wide_address_group("2001:db8:1:2::1");
    CHECK(wide_address_group("2001:db8:1:ffff:1::1") == group);
    CHECK(wide_address_group("2001:db8:2:2::1") != group);
    CHECK(group != address_group("2001:db8:1::1"));
    CHECK(wide_address_group("::ffff:192.0.2.1") == "192.0.2.1");
    CHECK(wide_address_group("192.0.2.2") == "192.0.2.2");
}
