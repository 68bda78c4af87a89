// SPDX-License-Identifier: Apache-2.0
//
// A node of a cluster: an API server for tests, and a daemon that asks it. Errors in the set-up throw.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "node.h"
#include "support/api_server/api_server.h"

namespace namegate::test {

// Denies everything that pods of this selection send.
inline std::string deny(const std::string& name, const std::string& selection) {
    return "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: " + name + "}\nspec: {" + selection +
           ", types: [Egress], egress: [{action: Deny}]}\n";
}

inline double ms_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

struct Cluster {
    ApiServer server;
    DaemonNode node;

    // `policies`: of policySources.
    explicit Cluster(const std::string& sources = "kubernetes", unsigned timeout = 10, const std::string& policies = "files") {
        server.accept_token("secret");
        must_run("sed -i /labelSources/d " + node.config_path());
        must_run("printf 'labelSources: [" + sources + "]\\npolicySources: [" + policies +
                 "]\\nnodeName: n1\\nlabelTimeout: " + std::to_string(timeout) +
                 "\\nkubernetes: {kubeconfig: " + server.write_kubeconfig(node.folder(), "secret") + "}\\n' >> " + node.config_path());
        server.put(kNamespaces, namespace_object("shop", {{"team", "a"}}));
        server.put(kServiceAccounts, account_object("shop", "default", {{"tier", "web"}}));
    }
    void put_pod(const std::string& name, const Json& labels, const Json& more = Json::object()) {
        server.put(kPods, pod_object("n1", "shop", name, "uid-" + name, labels, more));
    }
    CommandOutput cni(const std::string& command, const std::string& pod, const TestNetns& netns, const std::string& uid) const {
        return node.cni_with(command, pod, netns.path(), "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=" + pod + ";K8S_POD_UID=" + uid);
    }
    CommandOutput cni(const std::string& command, const std::string& pod, const TestNetns& netns) const {
        return cni(command, pod, netns, "uid-" + pod);
    }
    Json api_status() const { return node.must_ask("status")["apiServer"]; }
    bool connects() const {
        return eventually([&] { return api_status()["connected"] == true; });
    }
    bool is_away() const {
        return eventually([&] {
            const Json status = node.must_ask("status");
            return status["apiServer"]["connected"] == false && status["degraded"].dump().find("is away since") != std::string::npos;
        });
    }
    std::uint64_t relabelled() const { return node.must_ask("status")["counters"]["endpoints_relabelled"].get<std::uint64_t>(); }
};

}  // namespace namegate::test
