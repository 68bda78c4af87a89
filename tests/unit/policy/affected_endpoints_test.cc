// SPDX-License-Identifier: Apache-2.0
#include "policy/model/affected_endpoints.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "policy/compiler/compile.h"
#include "policy/documents/policy_store.h"
#include "support/compile_view.h"

namespace namegate::policy {
namespace {

std::string document(const std::string& kind, const std::string& name, const std::string& labels, const std::string& spec) {
    return "apiVersion: projectcalico.org/v3\nkind: " + kind + "\nmetadata: {name: " + name + ", labels: {" + labels + "}}\nspec: " + spec +
           "\n";
}
std::string policy(const std::string& name, const std::string& selector, const std::string& destination) {
    return document(
        "GlobalNetworkPolicy", name, "",
        "{selector: '" + selector + "', types: [Egress], egress: [{action: Allow, protocol: TCP, destination: {" + destination + "}}]}");
}
std::string set(const std::string& name, const std::string& labels, const std::string& domain) {
    return document("GlobalNetworkSet", name, labels, "{allowedEgressDomains: [" + domain + "]}");
}

// Three pods, a to c, each under its own policy that selects the sets of its own group.
class Files {
  public:
    Files() {
        for (const char* one : {"a", "b", "c"}) {
            const std::string name(one);
            store.set_file(name + ".yaml", policy("p-" + name, "app == \"" + name + "\"", "selector: group == \"" + name + "\""));
            store.set_file("set-" + name + ".yaml", set("s-" + name, "group: " + name, name + ".example"));
        }
        before = store.snapshot();
    }

    // The pods that the latest change affects, and, for comparison, those for which the compiled policy differs.
    std::string affected_pods() {
        return pods([&](const EndpointView& view) { return affected().includes(facts_of(*store.snapshot(), view, Direction::kEgress)); });
    }
    std::string different() {
        return pods([&](const EndpointView& view) { return compiled(*before, view) != compiled(*store.snapshot(), view); });
    }
    AffectedEndpoints affected() const { return AffectedEndpoints::of_change(*before, *store.snapshot()); }

    PolicyStore store;
    std::shared_ptr<const Snapshot> before;

  private:
    static std::array<std::uint64_t, 2> compiled(const Snapshot& snapshot, const EndpointView& view) {
        const auto out = test::compile_view(snapshot, view, Direction::kEgress);
        return out ? out->content_hash : std::array<std::uint64_t, 2>{};
    }
    template <typename Wanted>
    std::string pods(const Wanted& wanted) {
        std::string out;
        for (const char* name : {"a", "b", "c"}) {
            EndpointView view;
            view.labels = {{"app", name}};
            out += wanted(view) ? name : "";
        }
        return out;
    }
};

}  // namespace

TEST_CASE("without a change, no endpoint is affected") {
    Files files;
    CHECK(files.affected().none());
    files.store.set_file("a.yaml", policy("p-a", "app == \"a\"", "selector: group == \"a\""));
    CHECK(files.affected().none());
}

TEST_CASE("a change affects the endpoints that its policies select, before or after") {
    Files files;
    SECTION("a rule") {
        files.store.set_file("a.yaml", policy("p-a", "app == \"a\"", "ports: [443]"));
        CHECK(files.affected_pods() == "a");
    }
    SECTION("a selector") {
        files.store.set_file("a.yaml", policy("p-a", "app == \"b\"", "selector: group == \"a\""));
        CHECK(files.affected_pods() == "ab");
    }
    SECTION("a policy is removed") {
        files.store.remove_file("c.yaml");
        CHECK(files.affected_pods() == "c");
    }
    SECTION("a policy is added") {
        files.store.set_file("d.yaml", policy("p-d", "app in {\"a\", \"c\"}", "ports: [80]"));
        CHECK(files.affected_pods() == "ac");
    }
    SECTION("a set's domains") {
        files.store.set_file("set-b.yaml", set("s-b", "group: b", "other.example"));
        CHECK(files.affected_pods() == "b");
    }
    SECTION("a set's labels") {
        files.store.set_file("set-b.yaml", set("s-b", "group: c", "b.example"));
        CHECK(files.affected_pods() == "bc");
    }
    SECTION("one set is added, and one removed") {
        files.store.set_file("set-new.yaml", set("s-new", "group: a", "new.example"));
        files.store.remove_file("set-c.yaml");
        CHECK(files.affected_pods() == "ac");
    }
    SECTION("a set that only a notSelector excludes") {
        files.store.set_file("a.yaml", policy("p-a", "app == \"a\"", "notSelector: has(banned)"));
        files.before = files.store.snapshot();
        files.store.set_file("set-x.yaml", document("GlobalNetworkSet", "x", "banned: yes-it-is", "{nets: [192.0.2.0/24]}"));
        CHECK(files.affected_pods() == "a");
    }
    // Every endpoint whose compiled policy differs must be among them.
    for (const char pod : files.different()) {
        CHECK(files.affected_pods().find(pod) != std::string::npos);
    }
    CHECK_FALSE(files.different().empty());
}

TEST_CASE("a tier, a document with labels, and the first snapshot affect every endpoint") {
    Files files;
    SECTION("the first snapshot") { files.before = std::make_shared<const Snapshot>(); }
    SECTION("a tier") { files.store.set_file("t.yaml", document("Tier", "t", "", "{order: 1}")); }
    SECTION("a namespace") {
        files.store.set_file("n.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: default, labels: {app: a}}\n");
    }
    CHECK(files.affected_pods() == "abc");
}

TEST_CASE("an endpoint that is added or removed affects those whose rules look at it") {
    Files files;
    files.store.set_file("b.yaml", policy("p-b", "app == \"b\"", "selector: app == \"new\""));
    files.store.set_file("c.yaml", policy("p-c", "app == \"c\"", "ports: [named]"));
    SECTION("a name among ports") {}
    SECTION("a name among notPorts") { files.store.set_file("c.yaml", policy("p-c", "app == \"c\"", "notPorts: [named]")); }
    const auto snapshot = files.store.snapshot();
    EndpointView b;
    b.labels = {{"app", "b"}};
    EndpointView c;
    c.labels = {{"app", "c"}};
    const auto is_affected = [&](const EndpointView& view, const Labels& changed, const LabelGaps& gaps) {
        EndpointFacts facts;
        facts.labels = SharedLabels(std::make_shared<const Labels>(changed));
        facts.gaps = gaps;
        return AffectedEndpoints::of_endpoint(*snapshot, facts).includes(facts_of(*snapshot, view, Direction::kEgress));
    };
    CHECK(is_affected(b, {{"app", "new"}}, {}));
    CHECK(is_affected(c, {{"app", "new"}}, {}));  // a port name may be this one's
    CHECK_FALSE(is_affected(b, {{"app", "other"}}, {}));
    // One that may have the label.
    LabelGaps gaps;
    gaps.own = true;
    CHECK(is_affected(b, {}, gaps));
    gaps = {};
    gaps.name_space = true;
    CHECK_FALSE(is_affected(b, {}, gaps));
}

TEST_CASE("the index of labels finds every set that a selector matches") {
    const auto needed = [](const char* text) {
        const auto selector = Selector::parse(text);
        REQUIRE(selector);
        const auto label = selector->required_label();
        return label ? std::string(label->first) + "=" + std::string(label->second) : std::string();
    };
    CHECK(needed("a == \"1\"") == "a=1");
    CHECK(needed("has(b) && a == \"1\"") == "a=1");
    CHECK(needed("a == \"1\" || b == \"2\"").empty());
    CHECK(needed("!(a == \"1\")").empty());
    CHECK(needed("a != \"1\"").empty());
    CHECK(needed("a in {\"1\", \"2\"}").empty());
    CHECK(needed("all()").empty());

    Files files;
    files.store.set_file("more.yaml", document("NetworkSet", "ns", "group: a", "{nets: [192.0.2.0/24]}"));
    const auto snapshot = files.store.snapshot();
    const SetIndex& index = snapshot->set_index();
    REQUIRE(index.size() == snapshot->sets().size());
    for (const char* text : {"group == \"a\"", "group == \"none\"", "has(group)", "all()", "projectcalico.org/namespace == \"default\"",
                             "group == \"a\" && has(projectcalico.org/namespace)"}) {
        INFO(text);
        const auto selector = Selector::parse(text);
        REQUIRE(selector);
        const auto candidates = index.candidates(*selector);
        for (std::uint32_t i = 0; i < index.size(); ++i) {
            CHECK(index.labels(i) == effective_labels(*snapshot->sets()[i], *snapshot));
            const bool is_candidate = std::find(candidates.begin(), candidates.end(), i) != candidates.end();
            CHECK((is_candidate || !selector->matches(index.labels(i))));
        }
    }
}

}  // namespace namegate::policy
