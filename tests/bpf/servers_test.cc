// SPDX-License-Identifier: Apache-2.0
//
// Trusted servers in every form that the configuration accepts (D9), as the programs have them.
#include <catch2/catch.hpp>

#include "dns/trusted_servers.h"
#include "traffic.h"

using namespace namegate;
using namespace namegate::test;

namespace {

struct Case {
    const char* written;
    const char* server;
    std::uint16_t port;
    bool teaches;
};

constexpr Case kCases[] = {
    {"192.0.2.7", "192.0.2.7", 53, true},
    {"192.0.2.7", "192.0.2.8", 53, false},
    {"192.0.2.7", "192.0.2.7", 5353, false},
    {"192.0.2.7:5353", "192.0.2.7", 5353, true},
    {"192.0.2.7:5353", "192.0.2.7", 53, false},
    {"192.0.2.0/29", "192.0.2.0", 53, true},
    {"192.0.2.0/29", "192.0.2.7", 53, true},
    {"192.0.2.0/29", "192.0.2.8", 53, false},
    {"192.0.2.0/29:5353", "192.0.2.1", 5353, true},
    {"0.0.0.0/0", "198.51.100.1", 53, true},
    {"0.0.0.0/0", "2001:db8::7", 53, false},
    {"2001:db8::7", "2001:db8::7", 53, true},
    {"2001:DB8:0::7", "2001:db8::7", 53, true},
    {"2001:db8::7", "2001:db8::8", 53, false},
    {"[2001:db8::7]", "2001:db8::7", 53, true},
    {"[2001:db8::7]:5353", "2001:db8::7", 5353, true},
    {"[2001:db8::7]:5353", "2001:db8::7", 53, false},
    {"2001:db8::/125", "2001:db8::7", 53, true},
    {"2001:db8::/125", "2001:db8::8", 53, false},
    {"[2001:db8::/125]:5353", "2001:db8::1", 5353, true},
};

// Does a response of this server to a query of the pod open its address?
bool teaches(Scene& scene, const char* server, std::uint16_t port = 53) {
    const Bytes question = DnsMessage::query("example.com").build();
    const Bytes answer = DnsMessage::response("example.com").a("example.com", "203.0.113.1").build();
    REQUIRE(scene.egress(from_pod(server).udp(40000, port).payload(question).build()).passed());
    CHECK(scene.ingress(to_pod(server).udp(port, 40000).payload(answer).build()).passed());
    return !scene.learnt().empty();
}

}  // namespace

TEST_CASE("D9: an address, address:port, [v6]:port or a CIDR, port 53 by default") {
    for (const Case& one : kCases) {
        INFO(one.written << " asked " << one.server << " port " << one.port);
        Scene scene;
        const auto server = must(dns::parse_trusted_server(one.written));
        must(datapath::set_trusted(scene.datapath(), {{server.prefix, server.port}}));
        scene.apply(egress_policy({"{action: Allow, protocol: UDP}", "{action: Allow, destination: {domains: [example.com]}}"}));
        CHECK(teaches(scene, one.server, one.port) == one.teaches);
    }
}

TEST_CASE("D9: a server that is no longer trusted opens nothing by later queries") {
    Scene scene;
    scene.apply(egress_policy({"{action: Allow, protocol: UDP}", "{action: Allow, destination: {domains: [example.com]}}"}));
    const Bytes question = DnsMessage::query("example.com").build();
    REQUIRE(scene.egress(from_pod(kDns4).udp(40000, 53).payload(question).build()).passed());
    must(datapath::set_trusted(scene.datapath(), {{*IpPrefix::parse("192.0.2.99"), 53}}));
    scene.deliver(DnsMessage::response("example.com").a("example.com", "203.0.113.1").build(), 40000);
    CHECK(scene.learnt() == std::vector<std::string>{"203.0.113.1"});  // it was trusted at the time of the query
    CHECK_FALSE(scene.connects("203.0.113.2"));
    REQUIRE(scene.egress(from_pod(kDns4).udp(40001, 53).payload(question).build()).passed());
    scene.ingress(
        to_pod(kDns4).udp(53, 40001).payload(DnsMessage::response("example.com").a("example.com", "203.0.113.2").build()).build());
    CHECK_FALSE(scene.connects("203.0.113.2"));
}

TEST_CASE("D9: an endpoint's own server counts for that endpoint alone, on port 53") {
    constexpr const char* kOwn4 = "192.0.2.77";
    constexpr const char* kOwn6 = "2001:db8::77";
    const std::string policy = egress_policy({"{action: Allow, protocol: UDP}", "{action: Allow, destination: {domains: [example.com]}}"});
    Scene scene;
    must(datapath::set_trusted(scene.datapath(), {{*IpPrefix::parse(kDns4), 5353}}, true));
    datapath::EndpointPolicies own;
    SECTION("one") { own.dns_servers = {*IpAddress::parse(kOwn4)}; }
    SECTION("the last of three") {
        own.dns_servers = {*IpAddress::parse("192.0.2.75"), *IpAddress::parse(kOwn6), *IpAddress::parse(kOwn4)};
    }
    scene.apply(policy);
    CHECK_FALSE(teaches(scene, kOwn4));
    scene.apply(policy, own);
    CHECK_FALSE(teaches(scene, "192.0.2.78"));
    CHECK_FALSE(teaches(scene, kOwn4, 5353));
    CHECK(teaches(scene, kOwn4));
    own.dns_servers.resize(NG_POD_SERVERS + 1);
    CHECK_FALSE(write_policies(scene.datapath(), scene.identity(), own));
}

TEST_CASE("D9: endpoints' own servers do not count where the node's configuration does not say so") {
    Scene scene;
    must(datapath::set_trusted(scene.datapath(), {{*IpPrefix::parse("192.0.2.1"), 5353}}, false));
    datapath::EndpointPolicies own;
    own.dns_servers = {*IpAddress::parse("192.0.2.77")};
    scene.apply(egress_policy({"{action: Allow, protocol: UDP}", "{action: Allow, destination: {domains: [example.com]}}"}), own);
    CHECK_FALSE(teaches(scene, "192.0.2.77"));
}
