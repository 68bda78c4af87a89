// SPDX-License-Identifier: Apache-2.0
#include "daemon/flow_log/endpoint_text.h"

#include <algorithm>
#include <utility>

#include "daemon/json_text.h"
#include "policy/model/endpoint_view.h"
#include "policy/model/system_labels.h"

namespace namegate::daemon {

namespace {

std::string only_address(const endpoints::Record& record, bool v4) {
    const auto is_of_family = [v4](const IpAddress& address) { return address.is_v4() == v4; };
    const auto first = std::find_if(record.addresses.begin(), record.addresses.end(), is_of_family);
    if (first == record.addresses.end() || std::find_if(first + 1, record.addresses.end(), is_of_family) != record.addresses.end()) {
        return {};
    }
    return first->to_string();
}

std::string objects_of(const endpoints::Record& record, const endpoints::Labels& labels) {
    std::string out;
    JsonText json(out);
    json.open_object("container");
    json.field("id", record.container_id);
    json.close_object();
    json.open_object("orchestrator");
    if (!record.pod_name.empty()) {
        json.field("namespace", record.pod_namespace);
    }
    json.open_object("resource");
    json.field("type", record.pod_name.empty() ? "container" : "pod");
    json.field("name", record.pod_name.empty() ? record.container_id : record.pod_name);
    json.list("label", labels, labels.size(), [](const auto& label) { return label.first + ":" + label.second; });
    json.close_object();
    json.close_object();
    return out;
}

}  // namespace

EndpointText describe_endpoint(const endpoints::Record& record, const endpoints::Labels& labels) {
    EndpointText out;
    out.objects = objects_of(record, labels);
    JsonText json(out.own);
    json.open_object();
    json.field("id", record.id);
    json.field("name", endpoints::display_name(record));
    json.field("interface", record.host_ifname);
    json.close_object();
    out.v4 = only_address(record, true);
    out.v6 = only_address(record, false);
    return out;
}

EndpointText describe_endpoint(const Node& node, const endpoints::Record& record) {
    endpoints::Labels labels;
    if (const auto view = node.programmer().view_of(record); view) {
        for (auto& [key, value] : policy::effective_labels(*view, node.programmer().snapshot())) {
            if (!policy::is_system_label(key)) {
                labels.emplace(key, value);
            }
        }
    }
    return describe_endpoint(record, labels);
}

}  // namespace namegate::daemon
