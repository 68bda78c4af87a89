// SPDX-License-Identifier: Apache-2.0
// How the daemon reaches the API server, and what a large cluster costs it.
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <iostream>
#include <string>

#include "cluster.h"

namespace namegate::test {
namespace {

constexpr unsigned kClusterPods = 5'000;
constexpr unsigned kClusterNamespaces = 200;
constexpr unsigned kNodePods = 100;
constexpr double kMaxSeconds = 3;
constexpr std::uint64_t kMaxMemoryMiB = 80;

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

TEST_CASE("a cluster of 5,000 pods in 200 namespaces, 100 on this node: start and memory") {
    Cluster cluster;
    for (unsigned i = 0; i < kClusterNamespaces; ++i) {
        const std::string name = "n" + std::to_string(i);
        cluster.server.put(kNamespaces, namespace_object(name, {{"team", name}, {"kubernetes.io/metadata.name", name}}));
        cluster.server.put(kServiceAccounts, account_object(name, "default", Json::object()));
        cluster.server.put(kServiceAccounts, account_object(name, "runner", {{"tier", "web"}}));
    }
    // As large as pods usually are.
    const Json more = {{"metadata", {{"managedFields", Json::array({std::string(4'000, 'x')})}}}};
    for (unsigned i = 0; i < kClusterPods; ++i) {
        const std::string name = "p" + std::to_string(i);
        cluster.server.put(kPods,
                           pod_object(i % (kClusterPods / kNodePods) == 0 ? "n1" : "n2", "n" + std::to_string(i % kClusterNamespaces), name,
                                      "uid-" + name, {{"app", name}, {"pod-template-hash", "abc"}}, more));
    }
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

}  // namespace
}  // namespace namegate::test
