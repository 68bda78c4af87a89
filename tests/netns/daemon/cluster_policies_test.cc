// SPDX-License-Identifier: Apache-2.0
// Policies from the API server, with the real daemon and real ADDs: how fast they are in force, and what holds while an object is
// broken, the API server is away, or nothing runs.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "cluster.h"

namespace namegate::test::cluster_policies_test {
namespace {

constexpr unsigned kChanges = 20;
constexpr unsigned kManyPolicies = 500;
constexpr double kMaxMedianMs = 100;
constexpr double kMaxStartMs = 15'000;  // the disk of a busy machine syncs slowly
constexpr const char* kDeny = "api:networking.k8s.io/v1/networkpolicies/shop/deny";
using Clock = std::chrono::steady_clock;

// Nothing may be sent by the pods of the namespace with these labels.
Json deny_object(const std::string& name, const Json& labels = Json::object()) {
    Json selector = Json::object();
    if (!labels.empty()) {
        selector["matchLabels"] = labels;
    }
    return {{"metadata", {{"name", name}, {"namespace", "shop"}}}, {"spec", {{"podSelector", selector}, {"policyTypes", {"Egress"}}}}};
}

Json broken_object(const std::string& name) {
    Json out = deny_object(name);
    out["spec"]["policyTypes"] = {"Sideways"};
    return out;
}

struct PolicyCluster : Cluster {
    explicit PolicyCluster(const std::string& policies = "files, kubernetes", const std::string& labels = "kubernetes, files")
        : Cluster(labels, 2, policies) {
        server.serve_group("networking.k8s.io/v1", {"networkpolicies"});
        for (const char* name : {"cart", "other", "late"}) {
            put_pod(name, {{"app", name}});
        }
    }
    // "current", "last good" and so on; empty: the object is not known.
    std::string in_force(const std::string& path) const {
        const api::Json status = node.must_ask("status");
        for (const api::Json& file : status["files"]) {
            if (file["path"] == path) {
                return file["inForce"].get<std::string>();
            }
        }
        return {};
    }
    bool shows(const std::string& path, const std::string& expected) const {
        return eventually([&] { return in_force(path) == expected; });
    }
};

}  // namespace

TEST_CASE("a NetworkPolicy of the API server is in force within 100 ms of its change, and goes with its object") {
    PolicyCluster cluster;
    const DaemonNode& node = cluster.node;
    cluster.node.start();
    REQUIRE(cluster.connects());
    const TestNetns cart;
    const CommandOutput added = cluster.cni("ADD", "cart", cart);
    INFO(added.text << node.log());
    REQUIRE(added.status == 0);
    REQUIRE(node.mode_of("cart") == "open");
    std::vector<double> times;
    for (unsigned i = 0; i < kChanges; ++i) {
        const bool applies = i % 2 == 0;
        const auto begin = Clock::now();
        if (applies) {
            cluster.server.put(kNetworkPolicies, deny_object("deny", {{"app", "cart"}}));
        } else {
            cluster.server.remove(kNetworkPolicies, "shop", "deny");
        }
        while (node.mode_of("cart") != (applies ? "enforced" : "open") && ms_since(begin) < 10'000) {
        }
        times.push_back(ms_since(begin));
    }
    std::sort(times.begin(), times.end());
    std::cout << "a policy of the API server applied or deleted, until in force, of " << kChanges << ": median " << times[kChanges / 2]
              << " ms, slowest " << times.back() << " ms\n";
    CHECK(times[kChanges / 2] < kMaxMedianMs);
    // Where it comes from.
    cluster.server.put(kNetworkPolicies, deny_object("deny", {{"app", "cart"}}));
    CHECK(node.becomes("cart", "enforced"));
    CHECK(node.must_ask("policies").at(0)["file"] == kDeny);
    CHECK(node.must_ask("policies").at(0)["endpoints"] == 1);
    CHECK(node.must_ask("status")["degraded"].empty());
    // A change, a bad edit, and a good one.
    cluster.server.put(kNetworkPolicies, deny_object("deny", {{"app", "other"}}));
    CHECK(node.becomes("cart", "open"));
    cluster.server.put(kNetworkPolicies, deny_object("deny"));
    CHECK(node.becomes("cart", "enforced"));
    cluster.server.put(kNetworkPolicies, broken_object("deny"));
    CHECK(cluster.shows(kDeny, "last good"));
    CHECK(node.mode_of("cart") == "enforced");
    CHECK_THAT(node.must_ask("status").dump(), Catch::Contains(std::string(kDeny) + ": error: spec.policyTypes[0]: "));
    CHECK_THAT(node.must_ask("status")["degraded"].dump(),
               Catch::Contains("policy " + std::string(kDeny) + " is refused (in force: last good"));
    cluster.server.remove(kNetworkPolicies, "shop", "deny");
    CHECK(node.becomes("cart", "open"));
    CHECK(cluster.cni("DEL", "cart", cart).status == 0);
}

TEST_CASE("no pod starts before the policies of the API server are known; none is open then without its policy") {
    PolicyCluster cluster;
    const DaemonNode& node = cluster.node;
    cluster.server.put(kNetworkPolicies, deny_object("deny"));
    const bool no_right = GENERATE(true, false);
    if (no_right) {
        cluster.server.set_status_of(kNetworkPolicies, 403);
    } else {
        cluster.server.stop();
    }
    cluster.node.start();
    const TestNetns cart;
    const CommandOutput refused = cluster.cni("ADD", "cart", cart);
    CHECK(refused.status != 0);
    CHECK_THAT(refused.text, Catch::Contains("\"code\": 11") && Catch::Contains("not all policies are known: api:kubernetes: "));
    CHECK(
        eventually([&] { return node.must_ask("status")["degraded"].dump().find("policy source api:kubernetes: ") != std::string::npos; }));
    // Nor without a daemon.
    CHECK(cluster.node.stop(SIGKILL) == 128 + SIGKILL);
    CHECK(cluster.cni("ADD", "cart", cart).status != 0);
    cluster.server.set_status_of(kNetworkPolicies, 200);
    if (!no_right) {
        cluster.server.start();
    }
    cluster.node.start();
    CHECK(cluster.shows(kDeny, "current"));
    const CommandOutput added = cluster.cni("ADD", "cart", cart);
    INFO(added.text << node.log());
    CHECK(added.status == 0);
    CHECK(node.mode_of("cart") == "enforced");
    CHECK(node.must_ask("status")["degraded"].empty());
    CHECK(cluster.cni("DEL", "cart", cart).status == 0);
}

TEST_CASE("policies stay in force while the API server is away, over a restart and without a daemon, and go when they were deleted") {
    PolicyCluster cluster;
    const DaemonNode& node = cluster.node;
    cluster.server.put(kNetworkPolicies, deny_object("deny"));
    cluster.server.put(kNetworkPolicies, deny_object("second", {{"app", "other"}}));
    cluster.node.start();
    REQUIRE(cluster.shows(kDeny, "current"));
    const TestNetns cart;
    REQUIRE(cluster.cni("ADD", "cart", cart).status == 0);
    CHECK(node.mode_of("cart") == "enforced");
    cluster.server.stop();
    CHECK(cluster.is_away());
    CHECK(cluster.in_force(kDeny) == "current");
    const int how = GENERATE(SIGTERM, SIGKILL);
    if (how == SIGKILL) {
        // What is known of pods is on disk some seconds after it changed.
        std::this_thread::sleep_for(std::chrono::seconds(4));
    }
    cluster.node.stop(how);
    // A new pod without daemon and API server.
    const TestNetns other;
    const CommandOutput added = cluster.cni("ADD", "other", other);
    INFO(added.text);
    REQUIRE(added.status == 0);
    cluster.node.start();
    CHECK(cluster.is_away());
    for (const char* name : {"cart", "other"}) {
        CHECK(node.becomes(name, "enforced"));
    }
    CHECK(cluster.in_force(kDeny) == "kept");
    const TestNetns late;
    REQUIRE(cluster.cni("ADD", "late", late).status == 0);
    CHECK(node.mode_of("late") == "enforced");
    cluster.server.remove(kNetworkPolicies, "shop", "deny");
    CHECK(cluster.in_force(kDeny) == "kept");
    cluster.server.start();
    CHECK(node.becomes("cart", "open"));
    CHECK(node.becomes("late", "open"));
    CHECK(node.mode_of("other") == "enforced");
    CHECK(cluster.in_force(kDeny).empty());
    CHECK(eventually([&] { return node.must_ask("status")["degraded"].empty(); }));
    for (const auto& [name, netns] : {std::pair("cart", &cart), std::pair("other", &other), std::pair("late", &late)}) {
        CHECK(cluster.cni("DEL", name, *netns).status == 0);
    }
}

TEST_CASE("a file with the same policy comes first, and status says so") {
    PolicyCluster cluster;
    const DaemonNode& node = cluster.node;
    cluster.server.put(kNetworkPolicies, deny_object("deny"));
    cluster.node.start();
    REQUIRE(cluster.shows(kDeny, "current"));
    const TestNetns cart;
    REQUIRE(cluster.cni("ADD", "cart", cart).status == 0);
    CHECK(node.mode_of("cart") == "enforced");
    const std::string file = node.policies() + "/own.yaml";
    node.write(file,
               "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: shop}\n"
               "spec: {podSelector: {matchLabels: {app: none}}, policyTypes: [Egress]}\n");
    CHECK(node.becomes("cart", "open"));
    CHECK(cluster.in_force(kDeny) == "overridden");
    CHECK_THAT(node.must_ask("status").dump(), Catch::Contains("is not in force: the file " + file + " has it too"));
    must_run("rm " + file);
    CHECK(node.becomes("cart", "enforced"));
    CHECK(cluster.cni("DEL", "cart", cart).status == 0);
}

TEST_CASE("500 policies of the API server are in force soon after the start, and one of them changes fast") {
    PolicyCluster cluster;
    const DaemonNode& node = cluster.node;
    for (unsigned i = 0; i < kManyPolicies; ++i) {
        cluster.server.put(kNetworkPolicies, deny_object("deny-" + std::to_string(i), {{"app", "app-" + std::to_string(i)}}));
    }
    cluster.node.start();
    const auto begin = Clock::now();
    CHECK(eventually([&] { return node.must_ask("policies").size() == kManyPolicies; }, std::chrono::seconds(30)));
    const double start = ms_since(begin);
    const TestNetns cart;
    REQUIRE(cluster.cni("ADD", "cart", cart).status == 0);
    REQUIRE(node.mode_of("cart") == "open");
    std::vector<double> times;
    for (unsigned i = 0; i < kChanges; ++i) {
        const auto changed = Clock::now();
        cluster.server.put(kNetworkPolicies, deny_object("deny-7", {{"app", i % 2 == 0 ? "cart" : "none"}}));
        while (node.mode_of("cart") != (i % 2 == 0 ? "enforced" : "open") && ms_since(changed) < 10'000) {
        }
        times.push_back(ms_since(changed));
    }
    std::sort(times.begin(), times.end());
    std::cout << kManyPolicies << " policies of the API server: known " << start << " ms after the daemon answers, which uses "
              << must_run("grep VmRSS /proc/" + std::to_string(node.pid()) + "/status | tr -s '\\t ' ' ' | tr -d '\\n'")
              << "; a changed one in force: median " << times[kChanges / 2] << " ms, slowest " << times.back() << " ms\n";
    INFO(node.log());
    CHECK(start < kMaxStartMs);
    CHECK(times[kChanges / 2] < kMaxMedianMs);
    CHECK(cluster.cni("DEL", "cart", cart).status == 0);
}

TEST_CASE("policies of Calico's and of namegate's own groups are in force, with their sets and tiers") {
    PolicyCluster cluster("files, calico, namegate");
    const DaemonNode& node = cluster.node;
    cluster.server.serve_group("crd.projectcalico.org/v1", {"globalnetworkpolicies", "tiers", "globalnetworksets"});
    cluster.server.serve_group("policy.namegate.dev/v1", {"networkpolicies", "stagednetworkpolicies"});
    cluster.server.put("crd.projectcalico.org/v1/tiers", {{"metadata", {{"name", "web"}}}, {"spec", {{"order", 10}}}});
    cluster.server.put(
        "crd.projectcalico.org/v1/globalnetworkpolicies",
        {{"metadata", {{"name", "web.cart"}}},
         {"spec", {{"tier", "web"}, {"selector", "app == 'cart'"}, {"types", {"Egress"}}, {"egress", {{{"action", "Deny"}}}}}}});
    cluster.server.put("policy.namegate.dev/v1/networkpolicies",
                       {{"metadata", {{"name", "other"}, {"namespace", "shop"}}},
                        {"spec", {{"selector", "app == 'other'"}, {"types", {"Egress"}}, {"egress", {{{"action", "Deny"}}}}}}});
    cluster.node.start();
    CHECK(cluster.shows("api:crd.projectcalico.org/v1/globalnetworkpolicies/web.cart", "current"));
    CHECK(cluster.shows("api:policy.namegate.dev/v1/networkpolicies/shop/other", "current"));
    const TestNetns cart;
    const TestNetns other;
    const TestNetns late;
    for (const auto& [name, netns] : {std::pair("cart", &cart), std::pair("other", &other), std::pair("late", &late)}) {
        const CommandOutput added = cluster.cni("ADD", name, *netns);
        INFO(added.text << node.log());
        REQUIRE(added.status == 0);
        CHECK(node.mode_of(name) == (name == std::string("late") ? "open" : "enforced"));
    }
    for (const auto& [name, netns] : {std::pair("cart", &cart), std::pair("other", &other), std::pair("late", &late)}) {
        CHECK(cluster.cni("DEL", name, *netns).status == 0);
    }
}

TEST_CASE("the cluster is told whether an object is accepted: by its status, and by an Event if it is refused") {
    PolicyCluster cluster("files, namegate");
    const DaemonNode& node = cluster.node;
    const std::string kind = "policy.namegate.dev/v1/networkpolicies";
    const auto own_object = [](const std::string& name, const std::string& action) {
        return Json{{"metadata", {{"name", name}, {"namespace", "shop"}, {"uid", "u-" + name}, {"generation", 1}}},
                    {"spec", {{"types", {"Egress"}}, {"egress", {{{"action", action}}}}}}};
    };
    cluster.server.serve_group("policy.namegate.dev/v1", {"networkpolicies"});
    cluster.server.serve_group("coordination.k8s.io/v1", {"leases"});
    cluster.server.put(kind, own_object("good", "Deny"));
    cluster.server.put(kind, own_object("bad", "Dney"));
    cluster.node.start();
    const auto condition = [&](const std::string& name) {
        const auto object = cluster.server.find(kind, "shop", name);
        return object && object->contains("status") ? (*object)["status"]["conditions"][0] : Json::object();
    };
    INFO(node.log());
    CHECK(eventually([&] { return condition("good").value("status", "") == "True"; }, std::chrono::seconds(20)));
    CHECK(eventually([&] { return condition("bad").value("status", "") == "False"; }, std::chrono::seconds(20)));
    CHECK(condition("bad")["reason"] == "Invalid");
    CHECK(condition("bad")["observedGeneration"] == 1);
    const std::string message = condition("bad")["message"];
    CHECK_THAT(message, Catch::StartsWith("spec.egress[0].action: ") && Catch::EndsWith("nothing of it is in force"));
    const auto lease = cluster.server.find("coordination.k8s.io/v1/leases", "kube-system", "namegate-policy-status");
    REQUIRE(lease);
    CHECK((*lease)["spec"]["holderIdentity"] == "n1");
    const auto has_event = [&] {
        for (const ReceivedRequest& request : cluster.server.requests()) {
            if (request.method == "POST" && request.path == "/api/v1/namespaces/shop/events") {
                return Json::parse(request.body)["message"] == message;
            }
        }
        return false;
    };
    CHECK(eventually(has_event, std::chrono::seconds(20)));
    // What the daemon writes into an object is no change of its policy.
    CHECK(cluster.in_force("api:" + kind + "/shop/good") == "current");
    CHECK(node.log().find("is not told") == std::string::npos);
}

}  // namespace namegate::test::cluster_policies_test
