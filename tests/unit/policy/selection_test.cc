// SPDX-License-Identifier: Apache-2.0
#include "policy/model/selection.h"

#include <catch2/catch.hpp>

#include "policy/documents/policy_store.h"

using namespace namegate::policy;

namespace {

std::string policy(const std::string& kind, const std::string& metadata, const std::string& spec) {
    return "apiVersion: projectcalico.org/v3\nkind: " + kind + "\nmetadata: {name: p" + metadata + "}\nspec: {types: [Egress], " + spec +
           "}\n";
}

bool look(const std::string& spec) {
    PolicyStore store;
    store.set_file("p.yaml", policy("GlobalNetworkPolicy", "", spec));
    REQUIRE(store.files().front().loaded);
    return rules_select_endpoints(*store.snapshot());
}

}  // namespace

TEST_CASE("the compiled policy depends on other endpoints only by selectors and port names") {
    CHECK_FALSE(rules_select_endpoints(Snapshot()));
    CHECK_FALSE(
        look("selector: app == 'x', egress: [{action: Allow, protocol: TCP, destination: {domains: [example.com], ports: [443]}}]"));
    CHECK_FALSE(look("selector: all(), egress: [{action: Deny, destination: {nets: [10.0.0.0/8], notNets: [10.1.0.0/16]}}]"));
    CHECK(look("egress: [{action: Allow, destination: {selector: app == 'x'}}]"));
    CHECK(look("egress: [{action: Allow, source: {selector: app == 'x'}}]"));
    CHECK(look("egress: [{action: Allow, destination: {notSelector: app == 'x'}}]"));
    CHECK(look("egress: [{action: Allow, destination: {namespaceSelector: all()}}]"));
    CHECK(look("egress: [{action: Allow, destination: {serviceAccounts: {names: [one]}}}]"));
    CHECK(look("egress: [{action: Allow, protocol: TCP, destination: {ports: [web]}}]"));
    CHECK(look("egress: [{action: Allow, protocol: TCP, destination: {notPorts: [web]}}]"));
    CHECK(look("egress: [{action: Pass}, {action: Allow, destination: {selector: app == 'x'}}]"));
}
