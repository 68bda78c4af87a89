// SPDX-License-Identifier: Apache-2.0
#include "daemon/listings/other_pods.h"

#include <set>

#include "kubernetes/known/knowledge.h"

namespace namegate::daemon {

OtherPods count_other_pods(const Node& node) {
    OtherPods out;
    const auto& known = node.runtime().api_server();
    if (!known) {
        return out;
    }
    std::set<kubernetes::ObjectName> endpoints;
    for (const auto& [id, record] : node.records()) {
        endpoints.insert({record.pod_namespace, record.pod_name});
    }
    for (const auto& [name, object] : known->all(kubernetes::Kind::kPods)) {
        if (object->pod->host_network) {
            ++out.host_network;
        } else if (object->pod->running && endpoints.count(name) == 0) {
            ++out.other_network;
        }
    }
    return out;
}

std::string why_no_endpoint(const Node& node, const std::string& pod) {
    const auto& known = node.runtime().api_server();
    const std::size_t slash = pod.find('/');
    if (!known || slash == std::string::npos) {
        return {};
    }
    const auto object = known->find(kubernetes::Kind::kPods, pod.substr(0, slash), pod.substr(slash + 1));
    if (!object) {
        return {};
    }
    if (object->pod->host_network) {
        return "pod " + pod + " uses the node's network (hostNetwork), which namegate does not police";
    }
    return object->pod->running
               ? "pod " + pod +
                     " runs in a network that namegate did not make, and is not policed: it is older than namegate's CNI configuration, or "
                     "the runtime uses another one; a new pod in its place shows which"
               : "pod " + pod + " does not run: it has not started yet, or has ended";
}

}  // namespace namegate::daemon
