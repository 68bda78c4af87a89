// SPDX-License-Identifier: Apache-2.0
#include "dns/resolv_conf.h"

#include <catch2/catch.hpp>

using namegate::dns::resolv_conf_servers;

TEST_CASE("D9: nameserver lines become trusted servers on port 53") {
    const auto conf = resolv_conf_servers(
        "# made by hand\n"
        "search example.com\n"
        "nameserver 10.0.0.53\r\n"
        "\tnameserver\t2001:db8::53  # the other\n"
        "nameserver 10.0.0.53\n"
        ";nameserver 10.0.0.66\n"
        "nameserverx 10.0.0.67\n"
        "options ndots:5\n"
        "nameserver 10.0.0.54");
    REQUIRE(conf.servers.size() == 3);
    CHECK(conf.servers[0].to_string() == "10.0.0.53");
    CHECK(conf.servers[1].to_string() == "2001:db8::53");
    CHECK(conf.servers[2].to_string() == "10.0.0.54");
    CHECK(conf.warnings.empty());
}

TEST_CASE("invalid lines are warned about, with their number") {
    const auto conf = resolv_conf_servers("nameserver\nnameserver dns.example.com\nnameserver fe80::1%eth0\nnameserver 127.0.0.53\n");
    REQUIRE(conf.warnings.size() == 4);
    CHECK(conf.warnings[1].find("line 2: \"dns.example.com\"") == 0);
    CHECK(conf.warnings[2].find("line 3: ") == 0);
    CHECK(conf.warnings[3].find("loopback") != std::string::npos);
    CHECK(conf.servers.size() == 1);
}

TEST_CASE("servers and bytes are limited") {
    std::string content;
    for (int i = 1; i <= 10; ++i) {
        content += "nameserver 10.0.0." + std::to_string(i) + "\n";
    }
    const auto conf = resolv_conf_servers(content);
    CHECK(conf.servers.size() == namegate::dns::kMaxResolvConfServers);
    CHECK(conf.warnings.size() == 2);
    const auto large = resolv_conf_servers(std::string(namegate::dns::kMaxResolvConfBytes, '\n') + "nameserver 10.0.0.1\n");
    CHECK(large.servers.empty());
    CHECK(large.warnings.size() == 1);
    CHECK(resolv_conf_servers("").servers.empty());
}
