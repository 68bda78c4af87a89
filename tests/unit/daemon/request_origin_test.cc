// SPDX-License-Identifier: Apache-2.0
#include "daemon/http/request_origin.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace namegate::daemon {
namespace {

// 0: accepted.
unsigned refused(const std::string& listens_on, HttpFields headers) {
    const auto address = config::parse_listen_address(listens_on);
    REQUIRE(address);
    const auto refusal = refuse_foreign({"/", {}, std::move(headers)}, *address);
    return refusal ? refusal->status : 0;
}

unsigned host(const std::string& listens_on, const std::string& value) { return refused(listens_on, {{"host", value}}); }

}  // namespace

TEST_CASE("a request names the host on which the server listens") {
    for (const char* value : {"127.0.0.1", "127.0.0.1:9464", "localhost", "LocalHost:80", "[::1]", "[::1]:9464", "127.1.2.3"}) {
        INFO(value);
        CHECK(host("127.0.0.1:9464", value) == 0);
        CHECK(host("[::1]:9464", value) == 0);
        CHECK(host("unix:/run/x.sock", value) == 0);
    }
    for (const char* value :
         {"192.0.2.1", "evil.example", "localhost.", "localhost.evil.example", "127.0.0.1.evil.example", "127.0.0.1:port",
          "127.0.0.1:80:80", "127.0.0.1:99999", "[::1", "[::1]x", "::1", "user@127.0.0.1", "0", "2130706433", " "}) {
        INFO(value);
        CHECK(host("127.0.0.1:9464", value) == kHttpMisdirected);
        CHECK(host("unix:/run/x.sock", value) == kHttpMisdirected);
    }
    CHECK(host("192.0.2.1:9464", "192.0.2.1:9464") == 0);
    CHECK(host("192.0.2.1:9464", "192.0.2.2:9464") == kHttpMisdirected);
    CHECK(host("192.0.2.1:9464", "localhost") == kHttpMisdirected);
    CHECK(host("192.0.2.1:9464", "127.0.0.1") == kHttpMisdirected);
    CHECK(host("[2001:db8::1]:9464", "[2001:DB8:0::1]:1") == 0);
    CHECK(host("127.0.0.1:9464", "") == kHttpBadRequest);
    CHECK(refused("127.0.0.1:9464", {}) == kHttpBadRequest);
    CHECK(refused("127.0.0.1:9464", {{"Host", "127.0.0.1"}, {"hOST", "evil.example"}}) == kHttpBadRequest);
}

TEST_CASE("a server on all addresses accepts addresses as host, and no name") {
    for (const char* all : {"0.0.0.0:9464", "[::]:9464"}) {
        CHECK(host(all, "192.0.2.7:9464") == 0);
        CHECK(host(all, "[2001:db8::7]") == 0);
        CHECK(host(all, "localhost:9464") == 0);
        CHECK(host(all, "evil.example") == kHttpMisdirected);
    }
}

TEST_CASE("an Origin is the same host and port") {
    const auto origin = [](const std::string& value, const std::string& named = "127.0.0.1:9464") {
        return refused("127.0.0.1:9464", {{"Host", named}, {"Origin", value}});
    };
    CHECK(origin("http://127.0.0.1:9464") == 0);
    CHECK(origin("http://LOCALHOST:9464", "localhost:9464") == 0);
    for (const char* value : {"http://127.0.0.1", "http://127.0.0.1:9465", "https://127.0.0.1:9464", "http://localhost:9464", "null",
                              "http://evil.example", "http://127.0.0.1:9464.evil.example", "127.0.0.1:9464"}) {
        INFO(value);
        CHECK(origin(value) == kHttpForbidden);
    }
    CHECK(refused("127.0.0.1:9464", {{"Host", "127.0.0.1"}, {"Origin", "http://127.0.0.1"}, {"Origin", "x"}}) == kHttpBadRequest);
}

}  // namespace namegate::daemon
