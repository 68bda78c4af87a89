// SPDX-License-Identifier: Apache-2.0
// Which Services, slices and pods of the cluster a node watches: no more than the policies that matter here need.
#include "daemon/labels/cluster_needs.h"

#include <catch2/catch.hpp>

#include "policy/documents/policy_store.h"

namespace namegate::daemon {
namespace {

using kubernetes::Kind;
using kubernetes::Scope;

policy::EndpointView needs_pod(const std::string& name_space, const std::string& name, policy::Labels labels) {
    policy::EndpointView pod;
    pod.name_space = name_space;
    pod.pod = name;
    pod.labels = std::move(labels);
    pod.is_kubernetes = pod.labels_known = pod.account_known = true;
    pod.namespace_labels = std::make_shared<const policy::Labels>();
    return pod;
}

struct NeedsWorld {
    config::Config config;
    kubernetes::Knowledge known{"", true};
    policy::PolicyStore store;
    std::vector<policy::EndpointView> own = {needs_pod("shop", "web", {{"app", "web"}})};
    std::vector<policy::EndpointView> peers;

    NeedsWorld() {
        for (const char* name : {"shop", "kube-system"}) {
            static_cast<void>(known.put(Kind::kNamespaces, {{"", name}, {{"team", name}}, {}}));
        }
    }
    NeedsWorld& write(const std::string& spec, const std::string& kind = "NetworkPolicy") {
        store.set_file("p.yaml", "apiVersion: projectcalico.org/v3\nkind: " + kind + "\nmetadata: {name: p" +
                                     (kind == "NetworkPolicy" ? ", namespace: shop" : "") + "}\nspec: " + spec + "\n");
        REQUIRE(store.files().front().loaded);
        return *this;
    }
    ClusterNeeds needs() const { return cluster_needs(config, *store.snapshot(), own, peers, known); }
};

std::set<Scope> whole(const std::string& name_space, const std::string& label) {
    return {{Kind::kServices, name_space, "", ""}, {Kind::kEndpointSlices, name_space, "", ""}, {Kind::kPeers, name_space, "", label}};
}

std::string rule(const std::string& destination, const std::string& selector = "app == 'web'", const std::string& action = "Allow") {
    return "{selector: \"" + selector + "\", types: [Egress], egress: [{action: " + action + ", destination: {" + destination + "}}]}";
}

TEST_CASE("without policies that select pods, only the trusted Service is needed") {
    NeedsWorld world;
    CHECK(world.needs().all.empty());
    world.config.label_sources = std::vector<std::string>{"kubernetes"};
    world.write(rule("nets: [10.0.0.0/8]"));
    CHECK(world.needs().all ==
          std::set<Scope>{{Kind::kServices, "kube-system", "kube-dns", ""}, {Kind::kEndpointSlices, "kube-system", "kube-dns", ""}});
    CHECK(world.needs().essential.empty());
}

TEST_CASE("a rule that selects pods needs its namespace, if its policy selects an endpoint of this node") {
    NeedsWorld world;
    world.write(rule("selector: \"app == 'db' && tier in {'a', 'b'} && zone == 'x'\""));
    CHECK(world.needs().all == whole("shop", "app=db,zone=x"));
    CHECK(world.needs().essential.empty());
    world.write(rule("selector: app == 'db'", "app == 'elsewhere'"));
    CHECK(world.needs().all.empty());
    // Labels that pods do not have at the API server, or that it would refuse, are not asked for.
    world.write(rule("selector: \"pcns.team == 'a' && projectcalico.org/namespace == 'shop' && app == 'not a label'\""));
    CHECK(world.needs().all == whole("shop", ""));
}

TEST_CASE("what a rule takes away is needed before an endpoint is selected") {
    NeedsWorld world;
    world.write(rule("selector: app == 'db'", "app == 'elsewhere'", "Deny"));
    CHECK(world.needs().all == whole("shop", "app=db"));
    CHECK(world.needs().essential == world.needs().all);
    world.write(rule("notSelector: app == 'db'", "app == 'elsewhere'"));
    CHECK(world.needs().essential == whole("shop", "app=db"));
}

TEST_CASE("a namespaceSelector needs the pods of the namespaces that it matches, and Services where there are such pods") {
    NeedsWorld world;
    world.write(rule("selector: k8s-app == 'kube-dns', namespaceSelector: team == 'kube-system'"));
    CHECK(world.needs().all == std::set<Scope>{{Kind::kPeers, "kube-system", "", "k8s-app=kube-dns"}});
    world.peers = {needs_pod("kube-system", "coredns-1", {{"k8s-app", "kube-dns"}})};
    world.peers[0].namespace_labels = std::make_shared<const policy::Labels>(policy::Labels{{"team", "kube-system"}});
    CHECK(world.needs().all == whole("kube-system", "k8s-app=kube-dns"));
    // A global policy looks everywhere, and so does one that matches many namespaces.
    world.write(rule("selector: k8s-app == 'kube-dns'"), "GlobalNetworkPolicy");
    CHECK(world.needs().all.count({Kind::kPeers, "", "", "k8s-app=kube-dns"}) == 1);
    CHECK(world.needs().all.size() == 3);
    for (std::size_t i = 0; i <= kMaxNamespacesOfRule; ++i) {
        static_cast<void>(world.known.put(Kind::kNamespaces, {{"", "n" + std::to_string(i)}, {{"team", "kube-system"}}, {}}));
    }
    world.write(rule("selector: k8s-app == 'kube-dns', namespaceSelector: team == 'kube-system'"));
    CHECK(world.needs().all.count({Kind::kPeers, "", "", "k8s-app=kube-dns"}) == 1);
}

TEST_CASE("a rule that names a Service needs this Service only") {
    NeedsWorld world;
    world.write(rule("services: {name: db}"));
    CHECK(world.needs().all == std::set<Scope>{{Kind::kServices, "shop", "db", ""}, {Kind::kEndpointSlices, "shop", "db", ""}});
    CHECK(world.needs().essential.empty());
}

}  // namespace
}  // namespace namegate::daemon
