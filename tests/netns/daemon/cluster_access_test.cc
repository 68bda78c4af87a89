// SPDX-License-Identifier: Apache-2.0
// How the daemon reaches the API server, and what a large cluster costs it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "cluster.h"

namespace namegate::test {
namespace {

constexpr unsigned kClusterPods = 5'000;
constexpr unsigned kClusterNamespaces = 200;
constexpr unsigned kNodePods = 100;
#ifdef NAMEGATE_SANITIZED
constexpr double kMaxSeconds = 10;
constexpr std::uint64_t kMaxMemoryMiB = 2'048;  // AddressSanitizer keeps what was freed
constexpr double kMaxMedianOfPeerMs = 5'000;
constexpr std::chrono::seconds kMaxUntilOpen{60};
#else
constexpr double kMaxSeconds = 3;
constexpr std::uint64_t kMaxMemoryMiB = 80;
constexpr double kMaxMedianOfPeerMs = 1'000;  // also on a busy machine
constexpr std::chrono::seconds kMaxUntilOpen{10};
#endif
constexpr unsigned kPeerChanges = 10;

// Resident memory of the daemon in MiB, without pages that it shares with other programs: its libraries.
std::uint64_t memory_of(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.rfind("RssAnon:", 0) == 0) {
            return std::stoull(line.substr(8)) / 1024;
        }
    }
    return 0;
}

TEST_CASE("a daemon without credentials for the API server runs, says so, and uses them when they come") {
    Cluster cluster("kubernetes", 1);
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'cart'"));
    must_run("mv " + node.folder() + "/kubeconfig " + node.folder() + "/moved");
    cluster.put_pod("cart", {{"app", "cart"}});
    cluster.node.start();
    CHECK(cluster.is_away());
    CHECK(cluster.api_status()["lastError"].get<std::string>().find(node.folder() + "/kubeconfig") != std::string::npos);
    const TestNetns netns;
    const CommandOutput refused = cluster.cni("ADD", "cart", netns);
    CHECK(refused.text.find("\"code\": 11") != std::string::npos);
    CHECK(cluster.cni("DEL", "cart", netns).status == 0);
    must_run("mv " + node.folder() + "/moved " + node.folder() + "/kubeconfig");
    CHECK(cluster.connects());
    CHECK(cluster.cni("ADD", "cart", netns).status == 0);
    CHECK(node.mode_of("cart") == "enforced");
    CHECK(cluster.cni("DEL", "cart", netns).status == 0);
}

TEST_CASE("in a pod, the daemon uses the pod's service account, and follows its token") {
    Cluster cluster;
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'cart'"));
    must_run("sed -i /kubeconfig/d " + node.config_path());
    const std::string folder = "/var/run/secrets/kubernetes.io/serviceaccount";
    must_run("mkdir -p " + folder);
    node.write(folder + "/ca.crt", cluster.server.authority_pem());
    node.write(folder + "/token", "secret\n");
    const std::string url = cluster.server.url();
    ::setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1", 1);                             // NOLINT(concurrency-mt-unsafe)
    ::setenv("KUBERNETES_SERVICE_PORT", url.substr(url.rfind(':') + 1).c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    cluster.put_pod("cart", {{"app", "cart"}});
    cluster.node.start();
    ::unsetenv("KUBERNETES_SERVICE_HOST");  // NOLINT(concurrency-mt-unsafe)
    ::unsetenv("KUBERNETES_SERVICE_PORT");  // NOLINT(concurrency-mt-unsafe)
    CHECK(cluster.connects());
    const TestNetns netns;
    CHECK(cluster.cni("ADD", "cart", netns).status == 0);
    CHECK(node.mode_of("cart") == "enforced");
    cluster.server.accept_token("rotated");
    cluster.server.drop_connections();
    CHECK(cluster.is_away());
    CHECK(eventually([&] { return cluster.api_status()["lastError"] == "HTTP status 401: Unauthorized"; }));
    node.write(folder + "/token", "rotated");
    CHECK(cluster.connects());
    CHECK(cluster.cni("DEL", "cart", netns).status == 0);
    must_run("rm -r /var/run/secrets");
}

TEST_CASE("a server with a certificate of another authority is not believed") {
    Cluster cluster("kubernetes", 1);
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'cart'"));
    cluster.put_pod("cart", Json::object());
    cluster.server.use_other_certificate();
    cluster.node.start();
    CHECK(cluster.is_away());
    const TestNetns netns;
    CHECK(cluster.cni("ADD", "cart", netns).text.find("\"code\": 11") != std::string::npos);
    CHECK(cluster.server.requests().empty());
    CHECK(cluster.cni("DEL", "cart", netns).status == 0);
}

// A pod's own address in the cluster.
std::string address_of(unsigned pod) { return "10.64." + std::to_string(pod / 250) + "." + std::to_string(pod % 250 + 1); }

// Fills the cluster. kNodePods of the pods are on this node; each has the label app with its name, and the namespaces the label team.
void fill(Cluster& cluster) {
    for (unsigned i = 0; i < kClusterNamespaces; ++i) {
        const std::string name = "n" + std::to_string(i);
        cluster.server.put(kNamespaces, namespace_object(name, {{"team", name}, {"kubernetes.io/metadata.name", name}}));
        cluster.server.put(kServiceAccounts, account_object(name, "default", Json::object()));
        cluster.server.put(kServiceAccounts, account_object(name, "runner", {{"tier", "web"}}));
    }
    // As large as pods usually are.
    const Json managed = Json::array({std::string(4'000, 'x')});
    for (unsigned i = 0; i < kClusterPods; ++i) {
        const std::string name = "p" + std::to_string(i);
        cluster.server.put(kPods,
                           pod_object(i % (kClusterPods / kNodePods) == 0 ? "n1" : "n2", "n" + std::to_string(i % kClusterNamespaces), name,
                                      "uid-" + name, {{"app", name}, {"pod-template-hash", "abc"}},
                                      {{"metadata", {{"managedFields", managed}}},
                                       {"status", {{"phase", "Running"}, {"podIPs", {{{"ip", address_of(i)}}}}}}}));
    }
}

TEST_CASE("a cluster of 5,000 pods in 200 namespaces, 100 on this node: start and memory") {
    Cluster cluster;
    fill(cluster);
    cluster.node.start();
    // The rest of its start takes as long without a cluster.
    const auto begin = std::chrono::steady_clock::now();
    REQUIRE(cluster.connects());
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const Json status = cluster.api_status();
    CHECK(status["pods"] == kNodePods);
    CHECK(status["namespaces"] == kClusterNamespaces + 1);
    CHECK(status["serviceAccounts"] == 2 * kClusterNamespaces + 1);
    const std::uint64_t memory = memory_of(cluster.node.pid());
    std::cout << "a daemon in a cluster of " << kClusterPods << " pods: all is known " << seconds << " s after its start, in " << memory
              << " MiB\n";
    CHECK(seconds < kMaxSeconds);
    CHECK(memory < kMaxMemoryMiB);
}

TEST_CASE("a policy that selects the 5,000 pods of the cluster as peers: ADD, memory, and changes of one of them") {
    Cluster cluster("kubernetes", 30);
    const DaemonNode& node = cluster.node;
    fill(cluster);
    cluster.put_pod("cart", {{"app", "cart"}});
    node.write(
        node.policies() + "/peers.yaml",
        "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: peers}\nspec: {selector: app == 'cart', types: "
        "[Egress], egress: [{action: Allow, destination: {namespaceSelector: has(team), selector: \"app != 'none'\"}}]}\n");
    cluster.node.start();
    REQUIRE(cluster.connects());
    const TestNetns netns;
    auto begin = std::chrono::steady_clock::now();
    const CommandOutput added = cluster.cni("ADD", "cart", netns);
    const double add = ms_since(begin);
    INFO(added.text << node.log());
    REQUIRE(added.status == 0);
    const auto is_open = [&](unsigned pod) {
        return node.must_ask("explain", {{"endpoint", "shop/cart"}, {"destination", address_of(pod) + ":80/TCP"}})["allowed"] == true;
    };
    // Those of this node are no endpoints here.
    REQUIRE(eventually([&] { return is_open(1) && is_open(kClusterPods - 1); }, kMaxUntilOpen));
    const double known = ms_since(begin);
    CHECK_FALSE(is_open(kClusterPods));
    std::vector<double> times;
    const unsigned changed = kClusterPods - 1;
    for (unsigned i = 0; i < kPeerChanges; ++i) {
        const bool open = i % 2 == 1;
        begin = std::chrono::steady_clock::now();
        cluster.server.set_labels(kPods, "n" + std::to_string(changed % kClusterNamespaces), "p" + std::to_string(changed),
                                  {{"app", open ? "other" : "none"}});
        while (is_open(changed) != open && ms_since(begin) < 10'000) {
        }
        times.push_back(ms_since(begin));
    }
    std::sort(times.begin(), times.end());
    const std::uint64_t memory = memory_of(cluster.node.pid());
    std::cout << "a policy with " << kClusterPods << " peers: ADD " << add << " ms, all of them open " << known << " ms after it began; of "
              << kPeerChanges << " changed labels of one, in force: median " << times[kPeerChanges / 2] << " ms, slowest " << times.back()
              << " ms; " << memory << " MiB\n";
    CHECK(times[kPeerChanges / 2] < kMaxMedianOfPeerMs);
    CHECK(memory < kMaxMemoryMiB);
    CHECK(cluster.cni("DEL", "cart", netns).status == 0);
}

}  // namespace
}  // namespace namegate::test
