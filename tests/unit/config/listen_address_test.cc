// SPDX-License-Identifier: Apache-2.0
#include "config/listen_address.h"

#include <catch2/catch.hpp>
#include <string>

namespace namegate::config {

TEST_CASE("an address to listen on is an IP address with a port, or a Unix socket") {
    for (const char* text : {"127.0.0.1:9464", "[::1]:9464", "0.0.0.0:1", "[2001:db8::1]:65535", "unix:/run/namegate/metrics.sock"}) {
        const auto address = parse_listen_address(text);
        INFO(text);
        REQUIRE(address);
        CHECK(address->to_string() == text);
    }
    for (const char* text : {"",           "9464",        ":9464",           "localhost:9464", "127.0.0.1",
                             "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:1x",   "::1:9464",
                             "[::1]",      "[::1]9464",   "[127.0.0.1]:80",  "127.0.0.1/8:80", "unix:",
                             "unix:x",     "unix:run/x",  "unix:/",          "unix:/x/",       "/run/x.sock"}) {
        INFO(text);
        CHECK_FALSE(parse_listen_address(text));
    }
    CHECK_FALSE(parse_listen_address(std::string("unix:/a\0b", 9)));
}

TEST_CASE("the path of a Unix socket has a limit") {
    CHECK(parse_listen_address("unix:/" + std::string(kMaxUnixPathBytes - 1, 'x')));
    CHECK_FALSE(parse_listen_address("unix:/" + std::string(kMaxUnixPathBytes, 'x')));
}

TEST_CASE("only this node reaches a Unix socket and the loopback") {
    const auto local = [](const char* text) { return parse_listen_address(text)->is_local(); };
    CHECK(local("unix:/x"));
    CHECK(local("127.0.0.1:1"));
    CHECK(local("127.9.9.9:1"));
    CHECK(local("[::1]:1"));
    CHECK_FALSE(local("0.0.0.0:1"));
    CHECK_FALSE(local("[::]:1"));
    CHECK_FALSE(local("10.0.0.1:1"));
    CHECK_FALSE(local("[::2]:1"));
}

}  // namespace namegate::config
