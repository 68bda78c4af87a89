// SPDX-License-Identifier: Apache-2.0
// What of a policy object becomes a document, under which name, and what a server may say of its groups.
#include "kubernetes/client/policy_object.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "kubernetes/client/resource_list.h"
#include "policy/documents/custom_resources.h"
#include "policy/documents/decode_file.h"

using namespace namegate;
using namespace namegate::kubernetes;
using Json = nlohmann::json;

namespace policy_object_test {
namespace {

const PolicyGroup& group_of(std::string_view version) {
    for (const PolicySourceSpec& source : all_policy_sources()) {
        for (const PolicyGroup& group : source.groups) {
            if (group.version == version) {
                return group;
            }
        }
    }
    throw std::runtime_error("no such group");
}

const PolicyKind& kind_of(const PolicyGroup& group, std::string_view resource) {
    for (const PolicyKind& kind : group.kinds) {
        if (kind.resource == resource) {
            return kind;
        }
    }
    throw std::runtime_error("no such kind");
}

Json read(std::string_view version, std::string_view resource, const Json& object) {
    const PolicyGroup& group = group_of(version);
    const auto text = policy_text(group, kind_of(group, resource), object);
    return text ? Json::parse(*text) : Json(text.error().message());
}

}  // namespace

TEST_CASE("a document is the object without what the cluster writes into it, in the version that the validator knows") {
    const Json object{{"metadata",
                       {{"name", "deny"},
                        {"namespace", "shop"},
                        {"uid", "1"},
                        {"resourceVersion", "7"},
                        {"managedFields", Json::array({1})},
                        {"labels", {{"a", "b"}}},
                        {"annotations", {{"namegate.dev/dns", "log"}, {"kubectl.kubernetes.io/last-applied-configuration", "{}"}}}}},
                      {"spec", {{"podSelector", Json::object()}}},
                      {"status", {{"conditions", Json::array()}}}};
    const Json metadata{{"name", "deny"}, {"namespace", "shop"}, {"labels", {{"a", "b"}}}, {"annotations", {{"namegate.dev/dns", "log"}}}};
    CHECK(read("networking.k8s.io/v1", "networkpolicies", object) ==
          Json{{"apiVersion", "networking.k8s.io/v1"}, {"kind", "NetworkPolicy"}, {"metadata", metadata}, {"spec", object["spec"]}});
    const Json own = read("policy.namegate.dev/v1", "networksets", object);
    CHECK(own["apiVersion"] == "projectcalico.org/v3");
    CHECK(own["kind"] == "NetworkSet");
    // Another field is the validator's to refuse.
    CHECK(read("projectcalico.org/v3", "tiers", {{"metadata", {{"name", "t"}}}, {"speck", 1}})["speck"] == 1);
}

TEST_CASE("what Calico stores has the names, labels and annotations that its API shows") {
    const auto stored = [](const std::string& resource, const Json& metadata, const Json& spec) {
        return read("crd.projectcalico.org/v1", resource, {{"metadata", metadata}, {"spec", spec}})["metadata"];
    };
    const Json in_default{{"tier", "default"}};
    CHECK(stored("networkpolicies", {{"name", "default.deny"}, {"namespace", "shop"}}, in_default)["name"] == "deny");
    CHECK(stored("globalnetworkpolicies", {{"name", "default.deny"}}, Json::object())["name"] == "deny");
    CHECK(stored("stagednetworkpolicies", {{"name", "default.deny"}, {"namespace", "shop"}}, in_default)["name"] == "deny");
    CHECK(stored("networkpolicies", {{"name", "web.deny"}, {"namespace", "shop"}}, {{"tier", "web"}})["name"] == "web.deny");
    // The prefix of another tier is no prefix, and a set has none.
    CHECK(stored("networkpolicies", {{"name", "default.deny"}, {"namespace", "shop"}}, {{"tier", "web"}})["name"] == "default.deny");
    CHECK(stored("globalnetworksets", {{"name", "default.set"}}, Json::object())["name"] == "default.set");

    const std::string shown = R"({"name":"default.deny","labels":{"a":"shown"},"annotations":{"namegate.dev/dns":"log"},"uid":"1"})";
    const Json with_shown = stored("networkpolicies",
                                   {{"name", "default.deny"},
                                    {"namespace", "shop"},
                                    {"labels", {{"b", "own"}}},
                                    {"annotations", {{"projectcalico.org/metadata", shown}}}},
                                   in_default);
    CHECK(with_shown["name"] == "default.deny");
    CHECK(with_shown["labels"] == Json{{"a", "shown"}, {"b", "own"}});
    CHECK(with_shown["annotations"] == Json{{"namegate.dev/dns", "log"}});
    // It cannot give the object another one's name.
    CHECK(
        stored("networkpolicies",
               {{"name", "default.deny"}, {"namespace", "shop"}, {"annotations", {{"projectcalico.org/metadata", R"({"name":"other"})"}}}},
               in_default)["name"] == "deny");
    // Labels that cannot be read are not absent.
    const PolicyGroup& group = group_of("crd.projectcalico.org/v1");
    for (const Json& bad : {Json("{"), Json("7"), Json(7)}) {
        const auto text = policy_text(group, kind_of(group, "globalnetworksets"),
                                      {{"metadata", {{"name", "s"}, {"annotations", {{"projectcalico.org/metadata", bad}}}}}});
        REQUIRE_FALSE(text);
        CHECK_THAT(text.error().message(), Catch::Contains("metadata.annotations[projectcalico.org/metadata]"));
    }
}

TEST_CASE("the path of a document names group, resource and object; a name that no API server accepts is refused") {
    const PolicyGroup& group = group_of("networking.k8s.io/v1");
    const PolicyKind& kind = kind_of(group, "networkpolicies");
    const auto name = policy_name(kind, {{"metadata", {{"name", "deny"}, {"namespace", "shop"}}}});
    REQUIRE(name);
    CHECK(policy_path(group, kind, *name) == "api:networking.k8s.io/v1/networkpolicies/shop/deny");
    const PolicyGroup& calico = group_of("projectcalico.org/v3");
    const auto tier = policy_name(kind_of(calico, "tiers"), {{"metadata", {{"name", "web"}, {"namespace", "ignored"}}}});
    REQUIRE(tier);
    CHECK(policy_path(calico, kind_of(calico, "tiers"), *tier) == "api:projectcalico.org/v3/tiers/web");
    for (const Json& bad : {Json{{"namespace", "shop"}}, Json{{"name", 7}, {"namespace", "shop"}}, Json{{"name", "a"}},
                            Json{{"name", "a/b"}, {"namespace", "shop"}}, Json{{"name", "a\n"}, {"namespace", "shop"}},
                            Json{{"name", std::string(254, 'a')}, {"namespace", "shop"}},
                            Json{{"name", "a"}, {"namespace", std::string(64, 'a')}}, Json{{"name", "a"}, {"namespace", "../x"}}}) {
        CHECK_FALSE(policy_name(kind, {{"metadata", bad}}));
    }
    // Kubernetes' policies, which Calico's API shows among its own, count once.
    CHECK(is_foreign(calico, {"shop", "knp.default.deny"}));
    CHECK_FALSE(is_foreign(group, {"shop", "knp.default.deny"}));
}

TEST_CASE("every kind of every group is one that the validator knows") {
    for (const PolicySourceSpec& source : all_policy_sources()) {
        for (const PolicyGroup& group : source.groups) {
            for (const PolicyKind& kind : group.kinds) {
                CHECK(kind.resource == policy::resource_name(kind.kind));
                Json object{{"metadata", {{"name", "one"}}}, {"spec", Json::object()}};
                if (kind.kind == "ClusterNetworkPolicy") {
                    object["spec"] = {{"tier", "Admin"}, {"priority", 1}, {"subject", {{"namespaces", Json::object()}}}};
                }
                if (kind.namespaced) {
                    object["metadata"]["namespace"] = "shop";
                }
                const auto text = policy_text(group, kind, object);
                REQUIRE(text);
                const policy::DecodeOutcome decoded = policy::decode_object("api:x", *text);
                INFO(*text << (decoded.problems.empty() ? "" : policy::to_string(decoded.problems.front())));
                CHECK(decoded.resources.size() == 1);
            }
        }
    }
}

TEST_CASE("a list of resources has those that can be listed and watched, and limits") {
    const auto resource = [](const std::string& name, const Json& verbs) { return Json{{"name", name}, {"verbs", verbs}}; };
    const Json good{{"resources", Json::array({resource("tiers", {"get", "list", "watch"}), resource("tiers/status", {"get"}), 7,
                                               resource("creatable", {"create", "list"}), Json{{"name", "none"}}})}};
    CHECK(*decode_resource_list(good.dump()) == ServedResources{"tiers"});
    for (const char* bad : {"", "[]", "{}", R"({"resources":{}})"}) {
        CHECK_FALSE(decode_resource_list(bad));
    }
    Json many{{"resources", Json::array()}};
    for (std::size_t i = 0; i <= kMaxGroupResources; ++i) {
        many["resources"].push_back(resource("r" + std::to_string(i), {"list", "watch"}));
    }
    CHECK(decode_resource_list(many.dump()).error().code() == Code::kExhausted);
}

}  // namespace policy_object_test
