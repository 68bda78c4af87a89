// SPDX-License-Identifier: Apache-2.0
// Services from the API server, with the real daemon, real ADDs, real packets, and rules of nftables that translate addresses as
// kube-proxy's do.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include "cluster.h"

namespace namegate::test {
namespace {

constexpr const char* kClusterIp = "10.96.0.7";
constexpr unsigned kEndpointChanges = 20;
constexpr double kMaxMedianOfChangeMs = 100;
using std::chrono::milliseconds;

const Json kServicePorts = {{{"name", "sql"}, {"protocol", "TCP"}, {"port", 5432}}};
const Json kTargetPorts = {{{"name", "sql"}, {"protocol", "TCP"}, {"port", 15432}}};

std::string network_policy(const std::string& to) {
    return "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: db, namespace: shop}\nspec:\n"
           "  podSelector: {matchLabels: {app: web}}\n  policyTypes: [Egress]\n  egress: [" +
           to + "]\n";
}

const std::string kToDatabase = "{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 15432, protocol: TCP}]}";

// A listener in a namespace that replies with its name to each connection.
class Listener {
  public:
    Listener(const TestNetns& netns, unsigned port, const std::string& folder) : pid_file_(folder + "/listener-" + std::to_string(port)) {
        must_run("nsenter --net=" + netns.path() + " python3 -c \"\nimport os,socket\nif os.fork(): os._exit(0)\nos.setsid()\nopen('" +
                 pid_file_ +
                 "','w').write(str(os.getpid()))\ns=socket.socket()\ns.setsockopt(socket.SOL_SOCKET,socket.SO_REUSEADDR,1)\ns.bind((''," +
                 std::to_string(port) +
                 "))\ns.listen()\nfor f in (0,1,2): os.close(f)\nwhile True:\n c,a=s.accept()\n c.send(b'hello')\n c.close()\n\"");
        eventually([&] { return run_command("test -s " + pid_file_).status == 0; });
    }
    ~Listener() { run_command("kill $(cat " + pid_file_ + ")"); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    Listener(Listener&&) = delete;
    Listener& operator=(Listener&&) = delete;

  private:
    std::string pid_file_;
};

bool reaches(const TestNetns& netns, const std::string& address, unsigned port) {
    return run_command("nsenter --net=" + netns.path() + " timeout 3 python3 -c \"import socket; s=socket.create_connection(('" + address +
                       "'," + std::to_string(port) + "),2); exit(0 if s.recv(5)==b'hello' else 1)\"")
               .status == 0;
}

// A shop with a pod "web" and the pods of a database behind a Service.
struct Shop : Cluster {
    TestNetns web;
    TestNetns database;
    std::string database_address;

    explicit Shop(const std::string& policy) : Cluster("kubernetes, files", 5) {
        node.write(node.policies() + "/db.yaml", policy);
        put_pod("web", {{"app", "web"}});
        put_pod("db-1", {{"app", "db"}});
    }
    void add_pods() {
        node.start();
        REQUIRE(connects());
        for (const auto& [name, netns] : {std::pair("web", &web), std::pair("db-1", &database)}) {
            const CommandOutput added = cni("ADD", name, *netns);
            INFO(added.text << node.log());
            REQUIRE(added.status == 0);
        }
        database_address = address_of("db-1");
        put_service({{"db-1", database_address}});
    }
    std::string address_of(const std::string& container) const {
        for (const api::Json& endpoint : node.must_ask("endpoints")) {
            if (endpoint["containerId"] == container) {
                return endpoint["addresses"][0];
            }
        }
        return "";
    }
    void put_service(const std::vector<SlicePod>& pods) {
        server.put(kServices, service_object("shop", "db", {kClusterIp}, kServicePorts));
        server.put(kEndpointSlices, slice_object("shop", "db", "x1", kTargetPorts, pods));
    }
    Json explained(const std::string& address = kClusterIp) const {
        return node.must_ask("explain", {{"endpoint", "shop/web"}, {"destination", address + ":5432"}});
    }
    bool is_allowed(bool allowed, const std::string& address = kClusterIp) const {
        return eventually([&] { return explained(address)["allowed"] == allowed; });
    }
    void remove_pods() {
        CHECK(cni("DEL", "web", web).status == 0);
        CHECK(cni("DEL", "db-1", database).status == 0);
    }
};

// What kube-proxy does with the Service.
void translate(const std::string& to) {
    run_command("nft delete table ip kube");
    must_run("nft 'table ip kube { chain pre { type nat hook prerouting priority -100; ip daddr " + std::string(kClusterIp) +
             " tcp dport 5432 dnat to " + to + ":15432; }; }'");
}

}  // namespace

TEST_CASE("a pod reaches a database's ClusterIP by a rule that selects the database's pods") {
    Shop shop(network_policy(kToDatabase));
    shop.add_pods();
    const Listener listener(shop.database, 15432, shop.node.folder());
    must_run("sysctl -qw net.ipv4.ip_forward=1");
    translate(shop.database_address);
    INFO(shop.node.log());
    REQUIRE(shop.is_allowed(true));
    CHECK(reaches(shop.web, kClusterIp, 5432));
    CHECK(reaches(shop.web, shop.database_address, 15432));
    CHECK_FALSE(reaches(shop.web, kClusterIp, 5433));
    const Json explained = shop.explained();
    CHECK(explained["notes"].dump().find("this is Service shop/db, whose ready endpoints are shop/db-1 at " + shop.database_address +
                                         ":15432") != std::string::npos);
    CHECK(shop.node.must_ask("status")["warnings"].dump().find("in part") == std::string::npos);

    // An endpoint that the rule does not select, on another node: the Service is denied as a whole.
    shop.server.put("pods", pod_object("n2", "shop", "stray", "u9", {{"app", "stray"}},
                                       {{"status", {{"phase", "Running"}, {"podIPs", {{{"ip", "10.99.0.9"}}}}}}}));
    shop.put_service({{"db-1", shop.database_address}, {"stray", "10.99.0.9"}});
    REQUIRE(shop.is_allowed(false));
    CHECK_FALSE(reaches(shop.web, kClusterIp, 5432));
    CHECK(reaches(shop.web, shop.database_address, 15432));
    const std::string why =
        "it matches Service shop/db in part: 1 of 2 endpoints is outside of the rule, such as shop/stray (10.99.0.9:15432)";
    CHECK(shop.explained().dump().find(why) != std::string::npos);
    CHECK(shop.node.must_ask("status")["warnings"].dump().find(why) != std::string::npos);
    // It gets the label, and the Service is open.
    shop.server.put("pods", pod_object("n2", "shop", "stray", "u9", {{"app", "db"}},
                                       {{"status", {{"phase", "Running"}, {"podIPs", {{{"ip", "10.99.0.9"}}}}}}}));
    CHECK(shop.is_allowed(true));
    CHECK(reaches(shop.web, kClusterIp, 5432));
    // The last endpoint goes.
    shop.put_service({{"db-1", shop.database_address, false}});
    CHECK(shop.is_allowed(false));
    CHECK(shop.explained()["notes"].dump().find("which has no ready endpoint") != std::string::npos);
    run_command("nft delete table ip kube");
    shop.remove_pods();
}

TEST_CASE("changed endpoints are in force within 100 ms, on the pods concerned only") {
    Shop shop(network_policy(kToDatabase));
    shop.add_pods();
    REQUIRE(shop.is_allowed(true));
    const auto reselected = [&] { return shop.node.must_ask("status")["counters"]["endpoints_reselected"].get<std::uint64_t>(); };
    const std::uint64_t before = reselected();
    std::vector<double> times;
    for (unsigned i = 0; i < kEndpointChanges; ++i) {
        const bool allowed = i % 2 == 1;
        const auto begin = std::chrono::steady_clock::now();
        shop.server.put(kEndpointSlices, slice_object("shop", "db", "x1", kTargetPorts,
                                                      {{"db-1", allowed ? shop.database_address : std::string("10.99.0.9")}}));
        while (shop.explained()["allowed"] != allowed && ms_since(begin) < 10'000) {
        }
        times.push_back(ms_since(begin));
    }
    std::sort(times.begin(), times.end());
    std::cout << "changed endpoints in force, of " << kEndpointChanges << " changes: median " << times[kEndpointChanges / 2]
              << " ms, slowest " << times.back() << " ms\n";
    CHECK(times[kEndpointChanges / 2] < kMaxMedianOfChangeMs);
    // Each change concerned the pod "web" and no other.
    CHECK(reselected() - before == kEndpointChanges);
    shop.remove_pods();
}

TEST_CASE("the usual rule for the cluster's DNS works, and its Service is trusted by default") {
    Shop shop(
        network_policy("{to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: "
                       "UDP}, {port: 53, protocol: TCP}]}"));
    must_run("sed -i /dnsTrustedServers/d " + shop.node.config_path());
    must_run("echo 'kubeletConfig: /nonexistent' >> " + shop.node.config_path());
    shop.server.put(kNamespaces, namespace_object("kube-system", Json::object()));
    const Json ports = {{{"name", "dns"}, {"protocol", "UDP"}, {"port", 53}}, {{"name", "dns-tcp"}, {"protocol", "TCP"}, {"port", 53}}};
    shop.server.put("pods", pod_object("n2", "kube-system", "coredns-1", "u1", {{"k8s-app", "kube-dns"}},
                                       {{"status", {{"phase", "Running"}, {"podIPs", {{{"ip", "10.99.0.53"}}}}}}}));
    shop.server.put(kServices, service_object("kube-system", "kube-dns", {"10.96.0.10"}, ports));
    shop.server.put(kEndpointSlices, slice_object("kube-system", "kube-dns", "x1", ports, {{"coredns-1", "10.99.0.53"}}));
    shop.add_pods();
    INFO(shop.node.log());
    CHECK(eventually([&] {
        return shop.node.must_ask("explain", {{"endpoint", "shop/web"}, {"destination", "10.96.0.10:53/UDP"}})["allowed"] == true;
    }));
    const auto trusted = [&](const std::string& server, const std::string& by) {
        return eventually([&] {
            const api::Json status = shop.node.must_ask("status");
            for (const api::Json& one : status["trustedServersNamedBy"]) {
                if (one["server"] == server && one["namedBy"] == by) {
                    return true;
                }
            }
            return false;
        });
    };
    CHECK(trusted("10.96.0.10", "Service kube-system/kube-dns"));
    CHECK(trusted("10.99.0.53", "Service kube-system/kube-dns"));
    shop.server.put(kEndpointSlices, slice_object("kube-system", "kube-dns", "x1", ports, {{"coredns-2", "10.99.0.54"}}));
    CHECK(trusted("10.99.0.54", "Service kube-system/kube-dns"));
    shop.remove_pods();
}

TEST_CASE("a rule that names a Service opens its address and its endpoints, and nothing before it is known") {
    Shop shop(
        "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: db, namespace: shop}\nspec:\n"
        "  selector: app == 'web'\n  types: [Egress]\n  egress: [{action: Allow, destination: {services: {name: db}}}]\n");
    shop.add_pods();
    CHECK(shop.is_allowed(true));
    CHECK(shop.node.must_ask("explain", {{"endpoint", "shop/web"}, {"destination", shop.database_address + ":15432"}})["allowed"] == true);
    CHECK(shop.explained(shop.database_address)["allowed"] == false);
    shop.server.remove(kServices, "shop", "db");
    CHECK(shop.is_allowed(false));
    shop.remove_pods();
}

TEST_CASE("with the API server away, Services stay as they are known, also for a new daemon and a new pod") {
    Shop shop(network_policy(kToDatabase));
    shop.add_pods();
    REQUIRE(shop.is_allowed(true));
    shop.put_pod("web-2", {{"app", "web"}});
    CHECK(eventually([&] { return shop.api_status()["pods"] == 3; }));
    shop.server.stop();
    CHECK(shop.is_away());
    CHECK(shop.explained()["allowed"] == true);
    CHECK(shop.node.stop(SIGTERM) == 0);
    // The plugin alone.
    const TestNetns second;
    const CommandOutput added = shop.cni("ADD", "web-2", second);
    INFO(added.text);
    REQUIRE(added.status == 0);
    shop.node.start();
    CHECK(shop.is_away());
    CHECK(shop.explained()["allowed"] == true);
    CHECK(shop.node.must_ask("explain", {{"endpoint", "shop/web-2"}, {"destination", std::string(kClusterIp) + ":5432"}})["allowed"] ==
          true);
    for (const api::Json& endpoint : shop.node.must_ask("endpoints")) {
        CHECK(endpoint["mode"] == (endpoint["containerId"] == "db-1" ? "open" : "enforced"));
    }
    // Back: the Service is gone.
    shop.server.remove(kServices, "shop", "db");
    shop.server.compact();
    shop.server.start();
    CHECK(shop.is_allowed(false));
    CHECK(shop.cni("DEL", "web-2", second).status == 0);
    shop.remove_pods();
}

}  // namespace namegate::test
