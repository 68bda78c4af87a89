// SPDX-License-Identifier: Apache-2.0
#include "base/ip.h"

#include <catch2/catch.hpp>

using namegate::IpAddress;
using namegate::IpPrefix;

TEST_CASE("addresses are read and written in both families") {
    for (const char* text : {"0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1"}) {
        CHECK(IpAddress::parse(text)->to_string() == text);
    }
    CHECK(IpAddress::parse("192.0.2.1")->is_v4());
    CHECK_FALSE(IpAddress::parse("::1")->is_v4());
    CHECK(IpAddress::parse("192.0.2.1")->wire() == std::string("\xc0\x00\x02\x01", 4));
}

TEST_CASE("text that is not an address is refused") {
    for (const char* text : {"", " ", "1.2.3", "1.2.3.4.5", "01.2.3.4 ", "[::1]", "fe80::1%eth0", "1.2.3.4/8", "example.com"}) {
        CHECK_FALSE(IpAddress::parse(text).has_value());
    }
    CHECK_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0x", 9)).has_value());
    const std::uint8_t raw[5] = {};
    CHECK_FALSE(IpAddress::from_bytes(raw, 5).has_value());
}

TEST_CASE("a prefix clears its host bits and knows what it contains") {
    const IpPrefix ten = *IpPrefix::parse("10.1.2.3/8");
    CHECK(ten.to_string() == "10.0.0.0/8");
    CHECK(ten.contains(*IpAddress::parse("10.255.0.1")));
    CHECK_FALSE(ten.contains(*IpAddress::parse("11.0.0.1")));
    CHECK_FALSE(ten.contains(*IpAddress::parse("::a00:1")));
    CHECK(ten.contains(*IpPrefix::parse("10.0.0.0/9")));
    CHECK_FALSE(ten.contains(*IpPrefix::parse("0.0.0.0/0")));
    CHECK(IpPrefix::parse("0.0.0.0/0")->contains(*IpAddress::parse("9.9.9.9")));
    CHECK(IpPrefix::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:7fff::1")));
    CHECK_FALSE(IpPrefix::parse("2001:db8::/33")->contains(*IpAddress::parse("2001:db8:8000::1")));
    CHECK(IpPrefix::parse("192.0.2.7")->length() == 32);
}

TEST_CASE("a wrong prefix length is refused with its range") {
    CHECK(IpPrefix::parse("10.0.0.0/33").error().message() == "\"10.0.0.0/33\": the prefix length must be 0 to 32");
    CHECK(IpPrefix::parse("::/129").error().message() == "\"::/129\": the prefix length must be 0 to 128");
    for (const char* text : {"10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "/8", "x/8"}) {
        CHECK_FALSE(IpPrefix::parse(text).has_value());
    }
}
