// SPDX-License-Identifier: Apache-2.0
#include "policy/selection.h"

#include <catch2/catch.hpp>

#include "policy/policy_store.h"

using namespace namegate::policy;

namespace {

std::string policy(const std::string& kind, const std::string& metadata, const std::string& spec) {
    return "apiVersion: projectcalico.org/v3\nkind: " + kind + "\nmetadata: {name: p" + metadata + "}\nspec: {types: [Egress], " + spec +
           "}\n";
}

bool matter(const std::string& text) {
    PolicyStore store;
    store.set_file("p.yaml", text);
    REQUIRE(store.files().front().loaded);
    EndpointView pod;
    pod.name_space = "default";
    pod.pod = "weather";
    pod.is_kubernetes = true;
    return own_labels_matter(*store.snapshot(), pod);
}

}  // namespace

TEST_CASE("labels that are not known yet matter only where some policy looks at them") {
    CHECK_FALSE(own_labels_matter(Snapshot(), EndpointView()));
    CHECK_FALSE(matter(policy("GlobalNetworkPolicy", "", "selector: all()")));
    CHECK(matter(policy("GlobalNetworkPolicy", "", "selector: app == 'x'")));
    CHECK(matter(policy("GlobalNetworkPolicy", "", "selector: '!has(app)'")));
    CHECK(matter(policy("NetworkPolicy", ", namespace: default", "selector: app == 'x'")));
    // Out of its scope, whatever the labels.
    CHECK_FALSE(matter(policy("NetworkPolicy", ", namespace: other", "selector: app == 'x'")));
    CHECK_FALSE(
        matter(policy("GlobalNetworkPolicy", "", "selector: app == 'x', namespaceSelector: \"projectcalico.org/name == 'other'\"")));
    CHECK_FALSE(matter(policy("StagedGlobalNetworkPolicy", "", "selector: app == 'x'")));
    // Another endpoint's rules may be about this one.
    CHECK(matter(policy("NetworkPolicy", ", namespace: other", "egress: [{action: Allow, destination: {selector: app == 'x'}}]")));
    CHECK(matter(policy("NetworkPolicy", ", namespace: other", "egress: [{action: Deny, destination: {notSelector: app == 'x'}}]")));
}
