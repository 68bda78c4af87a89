// SPDX-License-Identifier: Apache-2.0
// What the manifests of cni-conf/kubernetes ask for, and nothing else.
#include <yaml-cpp/yaml.h>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace namegate::test {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kFolder = NAMEGATE_SOURCE_DIR "/cni-conf/kubernetes/";

Words list_of(const YAML::Node& node) { return node.as<Words>(); }

bool ends_with_status(const Words& resources) {
    for (const std::string& resource : resources) {
        if (!resource.ends_with("/status")) {
            return false;
        }
    }
    return true;
}

// Whether a rule reads, or writes one of the three things that may be written.
bool is_least(const YAML::Node& rule) {
    const Words verbs = list_of(rule["verbs"]);
    const Words resources = list_of(rule["resources"]);
    const Words groups = list_of(rule["apiGroups"]);
    for (const Words& words : {verbs, resources, groups}) {
        for (const std::string& word : words) {
            if (word == "*" || word == "secrets" || word == "configmaps") {
                return false;
            }
        }
    }
    if (verbs == Words{"list", "watch"}) {
        return true;
    }
    return (verbs == Words{"patch"} && groups == Words{"policy.namegate.dev"} && ends_with_status(resources)) ||
           (verbs == Words{"create"} && resources == Words{"events"}) || resources == Words{"leases"};
}

}  // namespace

TEST_CASE("the DaemonSet may read what policy needs, and write status, events, and leases of its own namespace") {
    std::size_t rules = 0;
    for (const YAML::Node& object : YAML::LoadAllFromFile(kFolder + std::string("base/rbac.yaml"))) {
        const std::string kind = object["kind"].as<std::string>();
        for (const YAML::Node& rule : object["rules"]) {
            INFO(YAML::Dump(rule));
            CHECK(is_least(rule));
            CHECK((list_of(rule["resources"]) == Words{"leases"}) == (kind == "Role"));
            ++rules;
        }
    }
    CHECK(rules > 5);
}

TEST_CASE("no container is privileged, and all have the image of this version") {
    for (const char* file : {"base/daemonset.yaml", "remove/daemonset.yaml"}) {
        const YAML::Node pod = YAML::LoadFile(kFolder + std::string(file))["spec"]["template"]["spec"];
        CHECK_FALSE(pod["hostPID"]);
        CHECK_FALSE(pod["hostIPC"]);
        for (const char* key : {"initContainers", "containers"}) {
            for (const YAML::Node& container : pod[key]) {
                INFO(file << ": " << container["name"].as<std::string>());
                CHECK(container["image"].as<std::string>() == "namegate.dev/namegate:" NAMEGATE_VERSION);
                const YAML::Node security = container["securityContext"];
                CHECK_FALSE(security["privileged"]);
                CHECK(security["readOnlyRootFilesystem"].as<bool>());
                CHECK(list_of(security["capabilities"]["drop"]) == Words{"ALL"});
                CHECK(bool(security["capabilities"]["add"]) == (container["name"].as<std::string>() == "namegated"));
            }
        }
    }
}

}  // namespace namegate::test
