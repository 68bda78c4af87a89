// SPDX-License-Identifier: Apache-2.0
// Labels from the API server, with the real daemon and real ADDs: which policies they put in force, how fast changes follow, and what
// holds while the API server is slow or away.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include "cluster.h"
#include "labels/kubernetes/kubernetes.h"
#include "node/node_lock.h"

namespace namegate::test {
namespace {

constexpr unsigned kChanges = 20;
#ifdef NAMEGATE_SANITIZED
constexpr unsigned kPodsAtOnce = 30;  // the sanitizers' plugin takes several times the memory and time
#else
constexpr unsigned kPodsAtOnce = 100;
#endif
constexpr double kMaxMedianMs = 100;
using std::chrono::milliseconds;

TEST_CASE("labels of the pod, its namespace and its service account select policies, and status shows the API server") {
    Cluster cluster;
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'cart'"));
    node.write(node.policies() + "/namespace.yaml", deny("namespace", "namespaceSelector: team == 'b'"));
    node.write(node.policies() + "/account.yaml", deny("account", "serviceAccountSelector: tier == 'db'"));
    cluster.server.put(kServiceAccounts, account_object("shop", "runner", {{"tier", "db"}}));
    cluster.put_pod("cart", {{"app", "cart"}});
    cluster.put_pod("other", {{"app", "other"}});
    cluster.put_pod("database", {{"app", "other"}}, {{"spec", {{"serviceAccountName", "runner"}}}});
    cluster.node.start();
    const TestNetns cart;
    const TestNetns other;
    const TestNetns database;
    INFO(node.log());
    for (const auto& [name, netns] : {std::pair("cart", &cart), std::pair("other", &other), std::pair("database", &database)}) {
        const CommandOutput added = cluster.cni("ADD", name, *netns);
        INFO(added.text);
        REQUIRE(added.status == 0);
    }
    CHECK(node.mode_of("cart") == "enforced");
    CHECK(node.mode_of("other") == "open");
    CHECK(node.mode_of("database") == "enforced");
    CHECK(cluster.connects());
    const Json status = cluster.api_status();
    CHECK(status["server"] == cluster.server.url());
    CHECK(status["pods"] == 3);
    CHECK(status["namespaces"] == 1);
    CHECK(status["serviceAccounts"] == 2);
    CHECK(node.must_ask("status")["degraded"].empty());

    // A label of the namespace, and of the service account, is changed.
    cluster.server.set_labels(kNamespaces, "", "shop", {{"team", "b"}});
    CHECK(node.becomes("other", "enforced"));
    cluster.server.set_labels(kNamespaces, "", "shop", {{"team", "a"}});
    CHECK(node.becomes("other", "open"));
    cluster.server.set_labels(kServiceAccounts, "shop", "runner", Json::object());
    CHECK(node.becomes("database", "open"));
    CHECK(node.mode_of("cart") == "enforced");
    for (const auto& [name, netns] : {std::pair("cart", &cart), std::pair("other", &other), std::pair("database", &database)}) {
        CHECK(cluster.cni("DEL", name, *netns).status == 0);
    }
}

TEST_CASE("pods that are no endpoints are counted, and why and ips say what they are") {
    Cluster cluster;
    const DaemonNode& node = cluster.node;
    const Json running{{"status", {{"phase", "Running"}}}};
    Json host = running;
    host["spec"]["hostNetwork"] = true;
    cluster.put_pod("proxy", Json::object(), host);
    cluster.put_pod("older", Json::object(), running);
    cluster.put_pod("starting", Json::object(), {{"status", {{"phase", "Pending"}}}});
    cluster.put_pod("ours", Json::object(), running);
    cluster.node.start();
    REQUIRE(cluster.connects());
    const TestNetns netns;
    REQUIRE(cluster.cni("ADD", "ours", netns).status == 0);
    CHECK(eventually([&] { return cluster.api_status()["pods"] == 4; }));
    CHECK(cluster.api_status()["hostNetworkPods"] == 1);
    CHECK(cluster.api_status()["otherNetworkPods"] == 1);
    CHECK(node.must_ask("status")["degraded"].empty());
    const auto said_of = [&node](const std::string& command, const std::string& pod) {
        const auto reply = node.ask(command, {{"endpoint", pod}});
        return reply ? std::string() : reply.error().message();
    };
    for (const char* command : {"ips", "why"}) {
        CHECK(said_of(command, "shop/proxy").find("uses the node's network") != std::string::npos);
        CHECK(said_of(command, "shop/older").find("in a network that namegate did not make") != std::string::npos);
        CHECK(said_of(command, "shop/starting").find("does not run") != std::string::npos);
        CHECK(said_of(command, "shop/none").find("there is no endpoint") != std::string::npos);
        CHECK(said_of(command, "shop/ours").empty());
    }
    CHECK(cluster.cni("DEL", "ours", netns).status == 0);
}

TEST_CASE("a changed label of a pod is in force within 100 ms, on the endpoints concerned only") {
    Cluster cluster;
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'cart'"));
    // Its rules depend on the labels of the other pods of the namespace.
    node.write(node.policies() + "/peer.yaml",
               "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: peer, namespace: shop}\nspec:\n  selector: app == "
               "'peer'\n  types: [Egress]\n  egress: [{action: Allow, destination: {selector: role == 'db'}}]\n");
    const std::vector<std::string> names = {"cart", "peer", "third", "fourth"};
    for (const std::string& name : names) {
        cluster.put_pod(name, {{"app", name == "cart" ? "none" : name}});
    }
    cluster.node.start();
    REQUIRE(cluster.connects());
    std::vector<TestNetns> netns(names.size());
    for (std::size_t i = 0; i < names.size(); ++i) {
        REQUIRE(cluster.cni("ADD", names[i], netns[i]).status == 0);
    }
    REQUIRE(node.mode_of("cart") == "open");
    const std::uint64_t before = cluster.relabelled();
    std::vector<double> times;
    for (unsigned i = 0; i < kChanges; ++i) {
        const std::string mode = i % 2 == 0 ? "enforced" : "open";
        const auto begin = std::chrono::steady_clock::now();
        cluster.server.set_labels(kPods, "shop", "cart", {{"app", i % 2 == 0 ? "cart" : "none"}});
        while (node.mode_of("cart") != mode && ms_since(begin) < 10'000) {
        }
        times.push_back(ms_since(begin));
    }
    std::sort(times.begin(), times.end());
    std::cout << "a changed label in force, of " << kChanges << " changes: median " << times[kChanges / 2] << " ms, slowest "
              << times.back() << " ms\n";
    CHECK(times[kChanges / 2] < kMaxMedianMs);
    CHECK(cluster.relabelled() - before == kChanges);
    // A label that no policy selects concerns nobody; one that a rule of another pod selects concerns that pod.
    cluster.server.set_labels(kPods, "shop", "third", {{"app", "third"}, {"unused", "x"}});
    cluster.server.set_labels(kPods, "shop", "fourth", {{"app", "fourth"}, {"role", "db"}});
    CHECK(eventually([&] { return cluster.relabelled() - before == kChanges + 1; }));
    cluster.server.set_labels(kPods, "shop", "fourth", {{"app", "fourth"}});
    CHECK(eventually([&] { return cluster.relabelled() - before == kChanges + 2; }));
    for (std::size_t i = 0; i < names.size(); ++i) {
        CHECK(cluster.cni("DEL", names[i], netns[i]).status == 0);
    }
}

TEST_CASE("a label that changes while another process holds the node lock is in force afterwards, also on pods whose rules select it") {
    Cluster cluster;
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/peer.yaml",
               "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: peer, namespace: shop}\nspec:\n  selector: app == "
               "'peer'\n  types: [Egress]\n  egress: [{action: Allow, destination: {selector: role == 'db'}}]\n");
    cluster.put_pod("peer", {{"app", "peer"}});
    cluster.put_pod("database", {{"app", "database"}});
    cluster.node.start();
    const TestNetns peer;
    const TestNetns database;
    REQUIRE(cluster.cni("ADD", "peer", peer).status == 0);
    REQUIRE(cluster.cni("ADD", "database", database).status == 0);
    const std::uint64_t before = cluster.relabelled();
    {
        const auto lock = must(node::NodeLock::acquire(must(config::load_config(node.config_path())), node::NodeLock::kPatientMs));
        cluster.server.set_labels(kPods, "shop", "database", {{"app", "database"}, {"role", "db"}});
        // This programs the database too, and perhaps before its label has been followed.
        node.write(node.policies() + "/database.yaml", deny("database", "selector: role == 'db'"));
        // Longer than the daemon waits for the lock.
        std::this_thread::sleep_for(milliseconds(2'500));
    }
    CHECK(node.becomes("database", "enforced"));
    CHECK(eventually([&] { return cluster.relabelled() > before; }));
    CHECK(eventually([&] { return node.must_ask("status")["degraded"].empty(); }));
    CHECK(cluster.cni("DEL", "peer", peer).status == 0);
    CHECK(cluster.cni("DEL", "database", database).status == 0);
}

TEST_CASE("a label that was removed does not come back from a later source") {
    Cluster cluster("kubernetes, files");
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'cart'"));
    node.write(node.policies() + "/document.yaml",
               "apiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: cart, labels: {app: cart}}\n");
    cluster.put_pod("cart", {{"app", "cart"}});
    cluster.node.start();
    const TestNetns netns;
    REQUIRE(cluster.cni("ADD", "cart", netns).status == 0);
    CHECK(node.mode_of("cart") == "enforced");
    cluster.server.set_labels(kPods, "shop", "cart", Json::object());
    CHECK(node.becomes("cart", "open"));
    CHECK(cluster.cni("DEL", "cart", netns).status == 0);
}

TEST_CASE("ADD waits for a pod that the API server shows late; for one that it never shows, the next source counts, or code 11") {
    Cluster cluster("kubernetes, files", 2);
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'cart'"));
    cluster.node.start();
    REQUIRE(cluster.connects());
    const TestNetns late;
    auto adding = std::async(std::launch::async, [&] { return cluster.cni("ADD", "late", late); });
    CHECK(adding.wait_for(std::chrono::seconds(1)) == std::future_status::timeout);
    cluster.put_pod("late", {{"app", "cart"}});
    const CommandOutput added = adding.get();
    INFO(added.text << node.log());
    CHECK(added.status == 0);
    CHECK(node.mode_of("late") == "enforced");

    const TestNetns never;
    // An older pod of the same name is not this one.
    cluster.server.put(kPods, pod_object("n1", "shop", "never", "uid-old", Json::object()));
    const CommandOutput refused = cluster.cni("ADD", "never", never);
    CHECK(refused.status != 0);
    CHECK(refused.text.find("\"code\": 11") != std::string::npos);
    CHECK(refused.text.find("the API server has not shown the pod shop/never with the UID uid-never to this node yet") !=
          std::string::npos);
    CHECK(cluster.cni("DEL", "never", never).status == 0);
    node.write(node.policies() + "/document.yaml",
               "apiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: never, labels: {app: x}}\n");
    CHECK(eventually([&] { return node.must_ask("status")["files"].size() == 2; }));
    const CommandOutput next = cluster.cni("ADD", "never", never);
    INFO(next.text);
    CHECK(next.status == 0);
    CHECK(node.mode_of("never") == "open");
    CHECK(cluster.cni("DEL", "never", never).status == 0);
    CHECK(cluster.cni("DEL", "late", late).status == 0);
}

TEST_CASE("a static pod is found by its mirror") {
    Cluster cluster("kubernetes", 2);
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'proxy'"));
    cluster.put_pod("proxy-n1", {{"app", "proxy"}},
                    {{"metadata", {{"annotations", {{"kubernetes.io/config.mirror", "8f3c"}, {"kubernetes.io/config.source", "file"}}}}},
                     {"spec", {{"serviceAccountName", ""}}}});
    cluster.node.start();
    const TestNetns netns;
    const CommandOutput added = cluster.cni("ADD", "proxy-n1", netns, "8f3c");
    INFO(added.text << node.log());
    REQUIRE(added.status == 0);
    CHECK(node.mode_of("proxy-n1") == "enforced");
    CHECK(cluster.cni("DEL", "proxy-n1", netns, "8f3c").status == 0);
}

TEST_CASE("while the API server is away, all stays in force over restarts, new pods start, and status says so") {
    Cluster cluster("kubernetes, files", 2);
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/namespace.yaml", deny("namespace", "namespaceSelector: team == 'a', selector: app == 'cart'"));
    for (const char* name : {"cart", "gone", "kept"}) {
        cluster.put_pod(name, {{"app", "cart"}});
    }
    cluster.node.start();
    REQUIRE(cluster.connects());
    const TestNetns cart;
    const TestNetns gone;
    REQUIRE(cluster.cni("ADD", "cart", cart).status == 0);
    REQUIRE(cluster.cni("ADD", "gone", gone).status == 0);
    // A label that differs from the one at ADD.
    cluster.server.set_labels(kPods, "shop", "cart", {{"app", "cart"}, {"later", "1"}});
    cluster.server.remove(kPods, "shop", "gone");
    CHECK(eventually([&] { return cluster.api_status()["pods"] == 2; }));
    CHECK(node.mode_of("gone") == "enforced");

    cluster.server.stop();
    CHECK(cluster.is_away());
    const int how = GENERATE(SIGTERM, SIGKILL);
    if (how == SIGKILL) {
        // What is known is on disk some seconds after it changed.
        std::this_thread::sleep_for(std::chrono::seconds(4));
    }
    CHECK(cluster.node.stop(how) == (how == SIGTERM ? 0 : 128 + SIGKILL));
    // Without a daemon and without an API server, a pod that was known starts, and so does one that the next source knows.
    const TestNetns kept;
    CommandOutput added = cluster.cni("ADD", "kept", kept);
    INFO(added.text);
    CHECK(added.status == 0);
    cluster.node.start();
    CHECK(cluster.is_away());
    for (const char* name : {"cart", "gone", "kept"}) {
        INFO(name << node.log());
        CHECK(node.becomes(name, "enforced"));
    }
    node.write(node.policies() + "/document.yaml",
               "apiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: fresh, labels: {app: cart}}\n");
    CHECK(eventually([&] { return node.must_ask("status")["files"].size() == 2; }));
    const TestNetns fresh;
    added = cluster.cni("ADD", "fresh", fresh);
    INFO(added.text);
    CHECK(added.status == 0);
    CHECK(node.mode_of("fresh") == "enforced");

    // Back: what was deleted meanwhile is gone, and changes follow again.
    cluster.server.remove(kPods, "shop", "kept");
    cluster.server.compact();
    cluster.server.start();
    CHECK(cluster.connects());
    CHECK(eventually([&] { return cluster.api_status()["pods"] == 1; }));
    CHECK(node.must_ask("status")["degraded"].empty());
    cluster.server.set_labels(kNamespaces, "", "shop", {{"team", "b"}});
    for (const char* name : {"cart", "gone", "kept", "fresh"}) {
        CHECK(node.becomes(name, "open"));
    }
    for (const auto& [name, netns] :
         {std::pair("cart", &cart), std::pair("gone", &gone), std::pair("kept", &kept), std::pair("fresh", &fresh)}) {
        CHECK(cluster.cni("DEL", name, *netns).status == 0);
    }
}

TEST_CASE("an ADD whose pod no other source knows waits for an API server that comes back") {
    Cluster cluster("kubernetes, files", 60);
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'cart'"));
    cluster.node.start();
    REQUIRE(cluster.connects());
    cluster.server.stop();
    REQUIRE(cluster.is_away());
    const TestNetns netns;
    std::future<CommandOutput> add = std::async(std::launch::async, [&] { return cluster.cni("ADD", "cart", netns); });
    // Longer than the next source waits.
    CHECK(add.wait_for(labels::kWaitWhileAway + milliseconds(1'000)) == std::future_status::timeout);
    cluster.put_pod("cart", {{"app", "cart"}});
    cluster.server.start();
    const CommandOutput added = add.get();
    INFO(added.text);
    CHECK(added.status == 0);
    CHECK(node.mode_of("cart") == "enforced");
    CHECK(cluster.cni("DEL", "cart", netns).status == 0);
}

// The ADDs of kPodsAtOnce pods, all at the same time. What they depend on is a namespace's label, which only the API server knows.
class ManyPods {
  public:
    explicit ManyPods(const Cluster& cluster) : cluster_(cluster), netns_(kPodsAtOnce), begin_(std::chrono::steady_clock::now()) {
        for (unsigned i = 0; i < kPodsAtOnce; ++i) {
            adds_.push_back(std::async(std::launch::async, [this, i] { return cluster_.cni("ADD", name(i), netns_[i]); }));
        }
    }
    // Waits for the ADDs: none failed, and every pod is enforced.
    void check_and_remove(const std::string& server) {
        for (unsigned i = 0; i < kPodsAtOnce; ++i) {
            const CommandOutput added = adds_[i].get();
            INFO(name(i) << ": " << added.text);
            CHECK(added.status == 0);
        }
        std::cout << kPodsAtOnce << " ADDs at once, API server " << server << ": "
                  << std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count() << " s\n";
        const Json endpoints = cluster_.node.must_ask("endpoints");
        CHECK(endpoints.size() == kPodsAtOnce);
        for (const Json& endpoint : endpoints) {
            CHECK(endpoint["mode"] == "enforced");
        }
        std::vector<std::future<CommandOutput>> removals;
        for (unsigned i = 0; i < kPodsAtOnce; ++i) {
            removals.push_back(std::async(std::launch::async, [this, i] { return cluster_.cni("DEL", name(i), netns_[i]); }));
        }
        for (auto& removal : removals) {
            CHECK(removal.get().status == 0);
        }
    }
    static std::string name(unsigned i) { return "pod" + std::to_string(i); }

  private:
    const Cluster& cluster_;
    std::vector<TestNetns> netns_;
    std::chrono::steady_clock::time_point begin_;
    std::vector<std::future<CommandOutput>> adds_;
};

TEST_CASE("a hundred ADDs at once, the API server slow, flapping or dead: none fails, and none is open") {
    Cluster cluster("kubernetes, files", 60);
    const DaemonNode& node = cluster.node;
    node.write(node.policies() + "/pod.yaml", deny("pod", "selector: app == 'cart', namespaceSelector: team == 'a'"));
    SECTION("slow: each reply and each event takes half a second") {
        for (unsigned i = 0; i < kPodsAtOnce; ++i) {
            cluster.put_pod(ManyPods::name(i), {{"app", "cart"}});
        }
        cluster.server.set_delay(milliseconds(500));
        cluster.server.set_page_limit(40);
        cluster.node.start();
        ManyPods pods(cluster);
        pods.check_and_remove("slow");
    }
    SECTION("flapping: it goes and comes back, and its connections break, while the pods appear one by one") {
        cluster.node.start();
        REQUIRE(cluster.connects());
        ManyPods pods(cluster);
        for (unsigned i = 0; i < kPodsAtOnce; ++i) {
            cluster.put_pod(ManyPods::name(i), {{"app", "cart"}});
            if (i % 20 == 9) {
                cluster.server.drop_connections();
            } else if (i % 40 == 19) {
                cluster.server.stop();
                std::this_thread::sleep_for(milliseconds(300));
                cluster.server.start();
            }
        }
        pods.check_and_remove("flapping");
    }
    SECTION("dead: what was kept of it counts, and the next source for the pods that it never showed") {
        cluster.node.start();
        REQUIRE(cluster.connects());
        std::string documents;
        for (unsigned i = 0; i < kPodsAtOnce; ++i) {
            documents +=
                "---\napiVersion: v1\nkind: Pod\nmetadata: {namespace: shop, name: " + ManyPods::name(i) + ", labels: {app: cart}}\n";
        }
        node.write(node.policies() + "/documents.yaml", documents);
        CHECK(eventually([&] { return node.must_ask("status")["files"].size() == 2; }));
        cluster.server.stop();
        REQUIRE(cluster.is_away());
        ManyPods pods(cluster);
        pods.check_and_remove("dead");
    }
}

}  // namespace
}  // namespace namegate::test
