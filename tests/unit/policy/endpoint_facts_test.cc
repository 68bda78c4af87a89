// SPDX-License-Identifier: Apache-2.0
// All that compile() reads of an endpoint is one value, and by that value endpoints share what is compiled.
#include "policy/model/endpoint_facts.h"

#include <catch2/catch.hpp>
#include <functional>
#include <set>
#include <tuple>

#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

using namespace namegate;
using namespace namegate::policy;

namespace {

// Each of these fails to compile when its value gets a field that is missing here.
auto fields_of(LabelGaps& value) {
    auto& [own, name_space, account, account_labels] = value;
    return std::tie(own, name_space, account, account_labels);
}
auto fields_of(NamedPort& value) {
    auto& [name, protocol, port] = value;
    return std::tie(name, protocol, port);
}
auto fields_of(EndpointFacts& value) {
    auto& [direction, preview, gaps, name_space, labels, ports, addresses] = value;
    return std::tie(direction, preview, gaps, name_space, labels, ports, addresses);
}

SharedLabels shared(Labels labels) { return SharedLabels(std::make_shared<const Labels>(std::move(labels))); }

template <typename Value>
std::vector<Value> one_field_apart(const Value& value);

// Every value that differs by one small change.
std::vector<bool> changed(bool value) { return {!value}; }
std::vector<std::uint8_t> changed(std::uint8_t value) { return {static_cast<std::uint8_t>(value + 1)}; }
std::vector<std::uint16_t> changed(std::uint16_t value) { return {static_cast<std::uint16_t>(value + 1)}; }
std::vector<Direction> changed(Direction value) { return {value == Direction::kEgress ? Direction::kIngress : Direction::kEgress}; }
std::vector<std::string> changed(const std::string& value) { return {value + "x"}; }
std::vector<SharedLabels> changed(const SharedLabels& value) {
    Labels other_value = *value;
    other_value.begin()->second += "x";
    Labels more = *value;
    more["more"] = "";
    return {shared(other_value), shared(more), shared({})};
}
std::vector<LabelGaps> changed(const LabelGaps& value) { return one_field_apart(value); }
std::vector<std::vector<IpAddress>> changed(const std::vector<IpAddress>& value) {
    return {{}, {value.front()}, {value.back(), value.front()}, {value.front(), *IpAddress::parse("10.0.0.2")}};
}
std::vector<std::vector<NamedPort>> changed(const std::vector<NamedPort>& value) {
    std::vector<std::vector<NamedPort>> out = {{}, {value.front(), value.front()}};
    for (const NamedPort& port : one_field_apart(value.front())) {
        out.push_back({port});
    }
    return out;
}

template <std::size_t field, typename Value>
void add_changed(const Value& value, std::vector<Value>& out) {
    Value same = value;
    for (const auto& other : changed(std::get<field>(fields_of(same)))) {
        out.push_back(value);
        std::get<field>(fields_of(out.back())) = other;
    }
}

template <typename Value>
std::vector<Value> one_field_apart(const Value& value) {
    std::vector<Value> out;
    [&]<std::size_t... field>(std::index_sequence<field...>) { (add_changed<field>(value, out), ...); }
    (std::make_index_sequence<std::tuple_size_v<decltype(fields_of(std::declval<Value&>()))>>());
    return out;
}

EndpointFacts some_facts() {
    EndpointFacts out;
    out.name_space = "ns";
    out.labels = shared({{"app", "web"}});
    out.ports = {{"http", 6, 80}};
    out.addresses = {*IpAddress::parse("10.0.0.1"), *IpAddress::parse("fd00::1")};
    return out;
}

std::string allow(const std::string& rule) {
    return "---\napiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: p}\nspec: {egress: [{action: Allow, " +
           rule + "}]}\n";
}
std::string pod(const std::string& name, int port) {
    return "---\napiVersion: v1\nkind: Pod\nmetadata: {name: " + name +
           ", namespace: ns, labels: {app: web}}\nspec: {serviceAccountName: robot, containers: [{ports: [{name: http, containerPort: " +
           std::to_string(port) + "}]}]}\n";
}

// Pods one and two have equal documents, three has one with another port.
const std::string kPods = pod("one", 80) + pod("two", 80) + pod("three", 81);
const std::string kByAddress = "source: {notNets: [10.0.0.1]}";
const std::string kByPort = "protocol: TCP, source: {ports: [http]}";
const std::string kPlain = "destination: {nets: [192.0.2.0/24]}";

EndpointView view_of_one() {
    EndpointView out;
    out.name_space = "ns";
    out.pod = "one";
    out.is_kubernetes = true;
    out.addresses = {*IpAddress::parse("10.0.0.1")};
    return out;
}

// Would the endpoint that `change` makes share what is compiled for pod one?
bool shares(const std::string& rule, const std::function<void(EndpointView&)>& change) {
    PolicyStore store;
    store.set_file("p.yaml", kPods + allow(rule));
    REQUIRE(store.files().at(0).loaded);
    const auto snapshot = store.snapshot();
    EndpointView other = view_of_one();
    change(other);
    const std::vector<EndpointView> endpoints = {view_of_one(), other};
    const EndpointFacts one = facts_of(*snapshot, endpoints[0], Direction::kEgress);
    const EndpointFacts two = facts_of(*snapshot, endpoints[1], Direction::kEgress);
    CHECK((one == two) == (!(one < two) && !(two < one)));
    return one == two;
}

}  // namespace

TEST_CASE("facts that differ in one field are different, and have an order") {
    std::vector<EndpointFacts> all = one_field_apart(some_facts());
    CHECK(all.size() > std::tuple_size_v<decltype(fields_of(all.front()))>);
    all.push_back(some_facts());
    for (std::size_t i = 0; i < all.size(); ++i) {
        for (std::size_t j = 0; j < all.size(); ++j) {
            INFO(i << " and " << j);
            CHECK((all[i] == all[j]) == (i == j));
            CHECK((all[i] < all[j] || all[j] < all[i]) == (i != j));
        }
    }
    CHECK(std::set<EndpointFacts>(all.begin(), all.end()).size() == all.size());
}

TEST_CASE("labels are equal by their content, wherever they are stored") {
    CHECK(some_facts() == some_facts());
    const SharedLabels labels = shared({{"app", "web"}});
    const SharedLabels copy = labels;
    CHECK((copy == labels && copy == shared({{"app", "web"}}) && copy < shared({{"app", "wec"}})));
}

TEST_CASE("endpoints that differ in what compile() reads share nothing") {
    CHECK_FALSE(shares(kPlain, [](EndpointView& view) { view.labels["app"] = "other"; }));
    CHECK_FALSE(shares(kPlain, [](EndpointView& view) { view.name_space = "far"; }));
    CHECK_FALSE(shares(kPlain, [](EndpointView& view) { view.service_account = "other"; }));
    CHECK_FALSE(shares(kPlain, [](EndpointView& view) { view.is_kubernetes = false; }));
    CHECK_FALSE(shares(kPlain, [](EndpointView& view) { view.labels_missing = "containerd does not answer"; }));
    CHECK_FALSE(shares(kPlain, [](EndpointView& view) { view.unknown_is_absent = true; }));
    CHECK_FALSE(shares(kPlain, [](EndpointView& view) { view.use_pod_document = false; }));
    CHECK_FALSE(shares(kByAddress, [](EndpointView& view) { view.addresses = {*IpAddress::parse("10.0.0.2")}; }));
    CHECK_FALSE(shares(kByPort, [](EndpointView& view) { view.pod = "three"; }));
    CHECK_FALSE(shares(kByPort, [](EndpointView& view) { view.ports = {{"http", 6, 81}}; }));
    CHECK_FALSE(shares(kByPort, [](EndpointView& view) { view.ports.emplace(); }));
}

TEST_CASE("the ports that the sources name count, and without them those of the Pod document") {
    PolicyStore store;
    store.set_file("p.yaml", kPods + allow(kByPort));
    const auto snapshot = store.snapshot();
    EndpointView view = view_of_one();
    const auto ports = [&] { return facts_of(*snapshot, view, Direction::kEgress).ports; };
    CHECK(ports() == std::vector<NamedPort>{{"http", 6, 80}});
    view.ports = {{"http", 6, 8080}};
    CHECK(ports() == std::vector<NamedPort>{{"http", 6, 8080}});
    view.use_pod_document = false;
    CHECK(ports() == std::vector<NamedPort>{{"http", 6, 8080}});
    view.ports.reset();
    CHECK(ports().empty());
}

TEST_CASE("endpoints that differ in what compile() does not read share everything") {
    CHECK(shares(kPlain, [](EndpointView&) {}));
    CHECK(shares(kPlain, [](EndpointView& view) { view.addresses = {*IpAddress::parse("10.0.0.2"), *IpAddress::parse("fd00::1")}; }));
    CHECK(shares(kPlain, [](EndpointView& view) { view.addresses.clear(); }));
    CHECK(shares(kByPort, [](EndpointView& view) { view.pod = "two"; }));
    CHECK(shares(kByPort, [](EndpointView& view) { view.ports = {{"http", 6, 80}}; }));  // as its Pod document says
    CHECK(shares(kByAddress, [](EndpointView& view) { view.pod = "three"; }));
    CHECK(shares(kPlain, [](EndpointView& view) { view.labels["app"] = "web"; }));  // as its Pod document says
    CHECK(shares(kPlain, [](EndpointView& view) { view.service_account = "robot"; }));
    CHECK(shares(kPlain, [](EndpointView& view) { view.labels_known = true; }));
}

TEST_CASE("the compiled policy depends on an own address and port where the facts have them") {
    PolicyStore store;
    const auto hash = [&](const std::string& rule, const std::function<void(EndpointView&)>& change) {
        store.set_file("p.yaml", kPods + allow(rule));
        EndpointView view = view_of_one();
        change(view);
        const auto compiled = policy::test::compile_view(*store.snapshot(), view, Direction::kEgress);
        REQUIRE(compiled.has_value());
        return compiled->content_hash;
    };
    const auto other_address = [](EndpointView& view) { view.addresses = {*IpAddress::parse("10.0.0.2")}; };
    const auto other_port = [](EndpointView& view) { view.pod = "three"; };
    const auto none = [](EndpointView&) {};
    CHECK(hash(kByAddress, none) != hash(kByAddress, other_address));
    CHECK(hash(kByPort, none) != hash(kByPort, other_port));
    CHECK(hash(kPlain, none) == hash(kPlain, other_address));
    CHECK(hash(kPlain, none) == hash(kPlain, other_port));
}
