// SPDX-License-Identifier: Apache-2.0
#include "dns/never_opens.h"

#include <catch2/catch.hpp>

using namespace namegate;
using namespace namegate::dns;

namespace {

std::string refused(const NeverOpens& list, const char* address, bool mapped = false) {
    const std::string* entry = list.refuses(*IpAddress::parse(address), mapped);
    return entry == nullptr ? "" : *entry;
}

NeverOpens list_of(std::initializer_list<const char*> texts) {
    NeverOpens list;
    for (const char* text : texts) {
        REQUIRE(list.add(text));
    }
    return list;
}

std::string error_of(const char* text) {
    NeverOpens list;
    const auto added = list.add(text);
    return added ? std::string() : added.error().message();
}

}  // namespace

TEST_CASE("D17: the addresses that names never open by default") {
    const NeverOpens list = NeverOpens::standard();
    CHECK(list.entries().size() == 10);
    for (const char* address : {"127.0.0.1", "127.255.255.255", "169.254.169.254", "224.0.0.1", "239.255.255.255", "0.0.0.0", "0.1.2.3",
                                "255.255.255.255", "::1", "::", "fe80::1", "febf::1", "ff02::1"}) {
        INFO(address);
        CHECK(refused(list, address) != "");
    }
    for (const char* address :
         {"126.255.255.255", "128.0.0.1", "169.253.255.255", "169.255.0.1", "223.255.255.255", "240.0.0.1", "1.0.0.0", "10.0.0.1",
          "192.168.0.1", "255.255.255.254", "::2", "fec0::1", "fe7f::1", "fe00::1", "fd00::1", "2001:db8::1"}) {
        INFO(address);
        CHECK(refused(list, address) == "");
    }
    CHECK(refused(list, "203.0.113.1", true) == "::ffff:0:0/96");
}

TEST_CASE("an entry is of one family; IPv4 in IPv4-mapped form is of both") {
    const NeverOpens v4 = list_of({"10.1.2.3/8"});
    CHECK(refused(v4, "10.255.0.1") == "10.1.2.3/8");
    CHECK(refused(v4, "10.255.0.1", true) == "10.1.2.3/8");
    CHECK(refused(v4, "11.0.0.1", true) == "");
    CHECK(refused(v4, "a00::") == "");
    const NeverOpens mapped = list_of({"::ffff:10.0.0.0/104"});
    CHECK(refused(mapped, "10.0.0.1") == "");
    CHECK(refused(mapped, "10.0.0.1", true) != "");
    CHECK(refused(mapped, "11.0.0.1", true) == "");
    const NeverOpens all6 = list_of({"::/0"});
    CHECK(refused(all6, "2001:db8::1") == "::/0");
    CHECK(refused(all6, "10.0.0.1", true) == "::/0");
    CHECK(refused(all6, "10.0.0.1") == "");
    CHECK(refused(list_of({"0.0.0.0/0"}), "10.0.0.1") == "0.0.0.0/0");
    CHECK(refused(list_of({"0.0.0.0/0"}), "2001:db8::1") == "");
    CHECK(refused({}, "127.0.0.1", true) == "");
}

TEST_CASE("invalid entries, and too many, are reported") {
    for (const char* text : {"", "localhost", "127.0.0.1:53", "[::1]", "10.0.0.0 /8"}) {
        INFO(text);
        CHECK(error_of(text).find("not an IP address or CIDR") != std::string::npos);
    }
    for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "::/129", "::/-1"}) {
        INFO(text);
        CHECK(error_of(text).find("prefix length") != std::string::npos);
    }
    NeverOpens list;
    for (std::size_t i = 0; i < kMaxNeverOpens; ++i) {
        REQUIRE(list.add("10.0.0." + std::to_string(i)));
    }
    const auto more = list.add("10.0.1.0");
    REQUIRE_FALSE(more);
    CHECK(more.error().code() == Code::kExhausted);
    CHECK(list.entries().size() == kMaxNeverOpens);
}
