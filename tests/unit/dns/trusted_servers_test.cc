// SPDX-License-Identifier: Apache-2.0
#include "dns/trusted_servers.h"

#include <catch2/catch.hpp>

using namegate::Code;
using namegate::IpAddress;
using namegate::dns::parse_trusted_server;
using namegate::dns::parse_trusted_servers;

TEST_CASE("D9: every form of a trusted server") {
    struct Row {
        const char* text;
        const char* prefix;
        int port;
        const char* again;
    };
    const Row row = GENERATE(values<Row>({
        {"10.0.0.53", "10.0.0.53/32", 53, "10.0.0.53"},
        {"10.0.0.53:5353", "10.0.0.53/32", 5353, "10.0.0.53:5353"},
        {"10.0.0.53:53", "10.0.0.53/32", 53, "10.0.0.53"},
        {"fd00::53", "fd00::53/128", 53, "fd00::53"},
        {"[fd00::53]", "fd00::53/128", 53, "fd00::53"},
        {"[fd00::53]:5353", "fd00::53/128", 5353, "[fd00::53]:5353"},
        {"10.96.0.0/12", "10.96.0.0/12", 53, "10.96.0.0/12"},
        {"10.99.1.1/12", "10.96.0.0/12", 53, "10.96.0.0/12"},
        {"10.96.0.0/12:5353", "10.96.0.0/12", 5353, "10.96.0.0/12:5353"},
        {"fd00::/64", "fd00::/64", 53, "fd00::/64"},
        {"[fd00::/64]:65535", "fd00::/64", 65535, "[fd00::/64]:65535"},
        {"::ffff:10.0.0.53", "10.0.0.53/32", 53, "10.0.0.53"},
        {"0.0.0.0/0", "0.0.0.0/0", 53, "0.0.0.0/0"},
    }));
    CAPTURE(row.text);
    const auto server = parse_trusted_server(row.text);
    REQUIRE(server);
    CHECK(server->prefix.to_string() == row.prefix);
    CHECK(server->port == row.port);
    CHECK(server->to_string() == row.again);
    CHECK(*parse_trusted_server(row.again) == *server);
}

TEST_CASE("D9: anything else is an error that quotes the text") {
    const std::string text = GENERATE("", "dns.example.com", "10.0.0", "10.0.0.53:", "10.0.0.53:0", "10.0.0.53:65536", "10.0.0.53:53x",
                                      "10.0.0.53:-1", "[fd00::53", "[fd00::53]5353", "[fd00::53]:", "[fd00::]/64", "10.0.0.0/33",
                                      "fd00::/129", "[]:53", "fe80::1%eth0", " 10.0.0.53", "10.0.0.53 ", ":53");
    const auto server = parse_trusted_server(text);
    CAPTURE(text);
    REQUIRE_FALSE(server);
    CHECK(server.error().code() == Code::kInvalidInput);
    CHECK(server.error().message().find("\"" + text + "\"") != std::string::npos);
}

TEST_CASE("D9: a Service is written with its namespace and name, and perhaps a port") {
    const auto plain = parse_service_server("k8s-service:kube-system/kube-dns");
    REQUIRE(plain);
    CHECK(*plain == ServiceServer{"kube-system", "kube-dns", 53});
    CHECK(plain->to_string() == "k8s-service:kube-system/kube-dns");
    const auto port = parse_service_server("k8s-service:dns/own.one:5353");
    REQUIRE(port);
    CHECK(*port == ServiceServer{"dns", "own.one", 5353});
    CHECK(port->to_string() == "k8s-service:dns/own.one:5353");
    for (const char* bad :
         {"k8s-service:", "k8s-service:kube-dns", "k8s-service:/x", "k8s-service:x/", "k8s-service:x/y:0", "k8s-service:x/y:66000",
          "k8s-service:x/y:53:53", "k8s-service:x/y/z", "k8s-service:X/y", "k8s-services:x/y", ""}) {
        INFO(bad);
        CHECK_FALSE(parse_service_server(bad));
    }
}

TEST_CASE("D9: a server is trusted only on its port") {
    const auto server = *parse_trusted_server("10.96.0.0/12:5353");
    CHECK(server.contains(*IpAddress::parse("10.100.0.1"), 5353));
    CHECK_FALSE(server.contains(*IpAddress::parse("10.100.0.1"), 53));
    CHECK_FALSE(server.contains(*IpAddress::parse("10.200.0.1"), 5353));
    CHECK_FALSE(server.contains(*IpAddress::parse("fd00::1"), 5353));
}

TEST_CASE("a list is sorted, without duplicates, and bounded") {
    const auto servers = parse_trusted_servers({"10.0.0.2", "10.0.0.1", "10.0.0.2:53", "fd00::1"});
    REQUIRE(servers);
    CHECK(servers->size() == 3);
    CHECK(parse_trusted_servers({"10.0.0.2", "x"}).error().code() == Code::kInvalidInput);
    CHECK(parse_trusted_servers(std::vector<std::string>(257, "10.0.0.1")).error().code() == Code::kExhausted);
    std::vector<std::string> ports;
    for (int i = 0; i < 9; ++i) {
        ports.push_back("10.0.0.1:" + std::to_string(1000 + i));
    }
    CHECK(parse_trusted_servers(ports).error().code() == Code::kExhausted);
    ports.pop_back();
    CHECK(parse_trusted_servers(ports));
}
