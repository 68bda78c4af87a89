// SPDX-License-Identifier: Apache-2.0
// E10, E11: Services in rules. A Service is matched as a whole or not at all, and never more than its endpoints.
#include <catch2/catch.hpp>

#include "policy/compiler/compile.h"
#include "policy/compiler/compile_services.h"
#include "policy/compiler/evaluate.h"
#include "policy/compiler/explain.h"
#include "policy/documents/policy_store.h"
#include "policy/model/affected_endpoints.h"

using namespace namegate;
using namespace namegate::policy;

namespace {

constexpr std::uint8_t kTcpOfServices = 6;
constexpr std::uint8_t kUdpOfServices = 17;

IpAddress service_ip(const char* text) { return *IpAddress::parse(text); }

EndpointView service_pod(const std::string& name, const char* address, Labels labels, const std::string& name_space = "shop") {
    EndpointView pod;
    pod.name_space = name_space;
    pod.pod = name;
    pod.labels = std::move(labels);
    pod.is_kubernetes = pod.labels_known = pod.account_known = true;
    pod.namespace_labels = std::make_shared<const Labels>(Labels{{"team", "a"}});
    pod.addresses = {service_ip(address)};
    return pod;
}

// The pod "web", the pods of a database, and its Service 10.96.0.7:5432, whose endpoints listen on 15432.
struct ServiceWorld {
    std::vector<EndpointView> pods = {service_pod("web", "10.0.0.1", {{"app", "web"}}), service_pod("db-1", "10.0.1.1", {{"app", "db"}}),
                                      service_pod("db-2", "10.0.1.2", {{"app", "db"}}),
                                      service_pod("other", "10.0.1.3", {{"app", "other"}})};
    ClusterServices cluster;
    PolicyStore store;

    ServiceWorld() { cluster.services.push_back(database({{"db-1", "10.0.1.1"}, {"db-2", "10.0.1.2"}})); }

    static ServiceView database(const std::vector<std::pair<const char*, const char*>>& endpoints) {
        ServiceView out{"shop", "db", {service_ip("10.96.0.7"), service_ip("198.51.100.7")}, {{kTcpOfServices, 5432, {}}}, false};
        for (const auto& [name, address] : endpoints) {
            out.ports[0].endpoints.push_back({service_ip(address), 15432, std::string("shop/") + name});
        }
        return out;
    }
    ServiceWorld& write(const std::string& rules, const std::string& kind = "NetworkPolicy") {
        const std::string name_space = kind == "NetworkPolicy" ? ", namespace: shop" : "";
        store.set_file("p.yaml", "apiVersion: projectcalico.org/v3\nkind: " + kind + "\nmetadata: {name: p" + name_space +
                                     "}\nspec: {selector: app == 'web', types: [Egress], egress: [" + rules + "]}\n");
        const FileStatus file = store.files().front();
        INFO(file.path);
        for (const Problem& problem : file.problems) {
            UNSCOPED_INFO(to_string(problem));
        }
        REQUIRE(file.loaded);
        return *this;
    }
    Result<CompiledPolicy> compiled() const {
        const auto snapshot = store.snapshot();
        return compile(*snapshot, facts_of(*snapshot, pods.front(), Direction::kEgress), pods, TlsNames::kOff, cluster);
    }
    bool allows(const char* address, std::uint16_t port, std::uint8_t protocol = kTcpOfServices) const {
        const auto policy = compiled();
        REQUIRE(policy);
        return evaluate(*policy, {service_ip(address), protocol, 40'000, port, {}}).allowed;
    }
};

const char* const kToDatabase = "{action: Allow, protocol: TCP, destination: {selector: app == 'db', ports: [15432]}}";

}  // namespace

TEST_CASE("a Service is matched by a rule that matches all of its ready endpoints, at its own port", "[E10+]") {
    ServiceWorld world;
    world.write(kToDatabase);
    CHECK(world.allows("10.96.0.7", 5432));
    CHECK(world.allows("198.51.100.7", 5432));
    CHECK(world.allows("10.0.1.1", 15432));
    // The port of one is not the port of the other.
    CHECK_FALSE(world.allows("10.96.0.7", 15432));
    CHECK_FALSE(world.allows("10.0.1.1", 5432));
    CHECK_FALSE(world.allows("10.96.0.7", 5432, kUdpOfServices));
    CHECK_FALSE(world.allows("10.96.0.8", 5432));
    CHECK(world.compiled()->partly.empty());
}

TEST_CASE("a Service that is matched in part is denied, and explain names the endpoint that is outside", "[E10-]") {
    ServiceWorld world;
    world.write(kToDatabase);
    world.cluster.services[0] = ServiceWorld::database({{"db-1", "10.0.1.1"}, {"other", "10.0.1.3"}});
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    CHECK(world.allows("10.0.1.1", 15432));
    const auto policy = world.compiled();
    REQUIRE(policy);
    REQUIRE(policy->partly.size() == 2);  // of each address
    CHECK(policy->partly[0].text() ==
          "it matches Service shop/db in part: 1 of 2 endpoints is outside of the rule, such as shop/other (10.0.1.3:15432)");
    const Explanation explained =
        explain(*policy, {{service_ip("10.96.0.7"), kTcpOfServices, 0, 5432, {}}, "10.96.0.7", "TCP port 5432", false});
    CHECK_FALSE(explained.verdict.allowed);
    CHECK(explained.path[0].why == policy->partly[0].text());
    // An endpoint that no source knows is outside too, and so is one whose port the rule does not have.
    world.cluster.services[0] = ServiceWorld::database({{"db-1", "10.0.1.1"}, {"unknown", "10.0.9.9"}});
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    world.cluster.services[0] = ServiceWorld::database({{"db-1", "10.0.1.1"}, {"db-2", "10.0.1.2"}});
    world.cluster.services[0].ports[0].endpoints[1].port = 22;
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
}

TEST_CASE("the name of a pod does not make an address its own") {
    ServiceWorld world;
    world.write(kToDatabase);
    // Whoever may write slices names a pod that the rule selects, and another address.
    world.cluster.services[0] = ServiceWorld::database({{"db-1", "10.0.1.3"}});
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
}

TEST_CASE("a Service without ready endpoints, or with endpoints that are unknown, is not matched") {
    ServiceWorld world;
    world.write(kToDatabase);
    world.cluster.services[0] = ServiceWorld::database({});
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    world.cluster.services[0] = ServiceWorld::database({{"db-1", "10.0.1.1"}});
    CHECK(world.allows("10.96.0.7", 5432));
    world.cluster.services[0].has_unknown_endpoints = true;
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    CHECK(world.compiled()->partly[0].outside == "one that cannot be read");
    world.cluster = {};
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
}

TEST_CASE("endpoints of the other family do not matter to an address") {
    ServiceWorld world;
    world.write(kToDatabase);
    world.cluster.services[0].addresses.push_back(service_ip("fd00::7"));
    world.cluster.services[0].ports[0].endpoints.push_back({service_ip("fd00:1::3"), 15432, "shop/other"});
    CHECK(world.allows("10.96.0.7", 5432));
    CHECK_FALSE(world.allows("fd00::7", 5432));
}

TEST_CASE("two Services with one external address and port have to be matched both") {
    ServiceWorld world;
    world.write(kToDatabase);
    ServiceView second = ServiceWorld::database({{"other", "10.0.1.3"}});
    second.name = "second";
    second.addresses = {service_ip("198.51.100.7")};
    world.cluster.services.push_back(second);
    CHECK(world.allows("10.96.0.7", 5432));
    CHECK_FALSE(world.allows("198.51.100.7", 5432));
}

TEST_CASE("named ports are those of each endpoint") {
    ServiceWorld world;
    world.pods[1].ports = std::vector<NamedPort>{{"sql", kTcpOfServices, 15432}};
    world.pods[2].ports = std::vector<NamedPort>{{"sql", kTcpOfServices, 25432}};
    world.cluster.services[0].ports[0].endpoints[1].port = 25432;
    world.write("{action: Allow, protocol: TCP, destination: {selector: app == 'db', ports: [sql]}}");
    // Two parts of one rule match it together.
    CHECK(world.allows("10.96.0.7", 5432));
    world.pods[2].ports = std::vector<NamedPort>{{"http", kTcpOfServices, 25432}};
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
}

TEST_CASE("a rule that takes away holds for a Service when it matches one endpoint of it") {
    ServiceWorld world;
    const std::string all = ", {action: Allow}";
    world.cluster.services[0] = ServiceWorld::database({{"db-1", "10.0.1.1"}, {"other", "10.0.1.3"}});
    world.write("{action: Deny, destination: {selector: app == 'db'}}" + all);
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    CHECK(world.allows("10.96.0.7", 80));
    CHECK(world.allows("10.0.1.3", 15432));
    // What passes it on does so as a whole; what it matches in part is denied.
    world.write("{action: Pass, destination: {selector: app == 'db'}}" + all);
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    world.cluster.services[0] = ServiceWorld::database({{"db-1", "10.0.1.1"}});
    CHECK(world.allows("10.96.0.7", 5432));
    // A Service that leads to an excluded pod is excluded.
    world.write("{action: Allow, destination: {notSelector: app == 'db'}}");
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    CHECK(world.allows("10.96.0.8", 5432));
    world.cluster.services[0] = ServiceWorld::database({{"other", "10.0.1.3"}});
    CHECK(world.allows("10.96.0.7", 5432));
}

TEST_CASE("while not everything is known, rules that take away are not compiled, and those that allow match less") {
    ServiceWorld world;
    world.cluster = {{}, false, true};
    world.write(kToDatabase);
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    for (const char* rule :
         {"{action: Deny, destination: {selector: app == 'db'}}", "{action: Pass, destination: {selector: app == 'db'}}",
          "{action: Allow, destination: {notSelector: app == 'db'}}", "{action: Deny, destination: {services: {name: db}}}"}) {
        INFO(rule);
        world.write(rule);
        const auto policy = world.compiled();
        REQUIRE_FALSE(policy);
        CHECK(policy.error().code() == Code::kLabelsUnknown);
        CHECK(policy.error().message().find("has not shown to this node yet") != std::string::npos);
    }
}

TEST_CASE("a rule that names a Service matches its addresses and its endpoints, each with its ports", "[E11+][E11-]") {
    ServiceWorld world;
    world.write("{action: Allow, destination: {services: {name: db}}}");
    CHECK(world.allows("10.96.0.7", 5432));
    CHECK(world.allows("10.0.1.1", 15432));
    CHECK_FALSE(world.allows("10.96.0.7", 15432));
    CHECK_FALSE(world.allows("10.0.1.1", 5432));
    CHECK_FALSE(world.allows("10.0.1.3", 15432));
    CHECK_FALSE(world.allows("10.0.1.1", 15432, kUdpOfServices));
    // In a global policy the namespace is written.
    world.write("{action: Allow, destination: {services: {name: db, namespace: shop}}}", "GlobalNetworkPolicy");
    CHECK(world.allows("10.96.0.7", 5432));
    world.write("{action: Allow, destination: {services: {name: db, namespace: other}}}");
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    CHECK_FALSE(world.allows("10.0.1.1", 15432));
    world.write("{action: Allow, protocol: UDP, destination: {services: {name: db}}}");
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    // It is told which endpoints depend on it.
    const auto snapshot = world.store.snapshot();
    CHECK(AffectedEndpoints::of_cluster(*snapshot).includes(facts_of(*snapshot, world.pods[0], Direction::kEgress)));
    CHECK_FALSE(AffectedEndpoints::of_cluster(*snapshot).includes(facts_of(*snapshot, world.pods[3], Direction::kEgress)));
}

TEST_CASE("without an API server a rule that names a Service matches nothing, and one that denies is not compiled") {
    ServiceWorld world;
    world.cluster = {};
    world.write("{action: Allow, destination: {services: {name: db}}}");
    CHECK_FALSE(world.allows("10.96.0.7", 5432));
    world.write("{action: Deny, destination: {services: {name: db}}}, {action: Allow}");
    const auto policy = world.compiled();
    REQUIRE_FALSE(policy);
    CHECK(policy.error().message().find("the API server is not a label source") != std::string::npos);
}

TEST_CASE("more Services than a rule has room for stay denied; of a rule that denies, none is left out") {
    ServiceWorld world;
    world.cluster.services.clear();
    // Each has another number of ports, all different.
    constexpr std::size_t kServices = kMaxServiceParts + 20;
    for (std::size_t i = 0; i < kServices; ++i) {
        ServiceView one = ServiceWorld::database({{"db-1", "10.0.1.1"}});
        one.name = "db" + std::to_string(i);
        one.addresses = {IpAddress::v4({10, 97, 0, static_cast<std::uint8_t>(i)})};
        one.ports[0].port = static_cast<std::uint16_t>(1000 + i);
        world.cluster.services.push_back(one);
    }
    const auto count = [&] {
        const auto policy = world.compiled();
        REQUIRE(policy);
        std::size_t allowed = 0;
        for (std::size_t i = 0; i < kServices; ++i) {
            const ServiceView& one = world.cluster.services[i];
            const PacketView packet{one.addresses[0], kTcpOfServices, 1, one.ports[0].port, {}};
            allowed += evaluate(*policy, packet).allowed ? 1U : 0U;
        }
        return allowed;
    };
    world.write("{action: Allow, destination: {selector: app == 'db'}}");
    CHECK(count() == kMaxServiceParts);
    world.write("{action: Deny, destination: {selector: app == 'db'}}, {action: Allow}");
    CHECK(count() == 0);
    CHECK(world.allows("10.98.0.1", 1000));
}
