// SPDX-License-Identifier: Apache-2.0
#include "daemon/flow_log/endpoint_text.h"

#include <algorithm>
#include <utility>

#include "daemon/flow_log/json_line.h"
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
    JsonLine json(out);
    json.open("container");
    json.text("id", record.container_id);
    json.close();
    json.open("orchestrator");
    if (!record.pod_name.empty()) {
        json.text("namespace", record.pod_namespace);
    }
    json.open("resource");
    json.text("type", record.pod_name.empty() ? "container" : "pod");
    json.text("name", record.pod_name.empty() ? record.container_id : record.pod_name);
    json.texts("label", labels, labels.size(), [](const auto& label) { return label.first + ":" + label.second; });
    json.close();
    json.close();
    return out.substr(1);  // the members alone
}

}  // namespace

EndpointText describe_endpoint(const endpoints::Record& record, const endpoints::Labels& labels) {
    EndpointText out;
    out.objects = objects_of(record, labels);
    JsonLine json(out.own);
    json.number("id", record.id);
    json.text("name", endpoints::display_name(record));
    json.text("interface", record.host_ifname);
    json.close();
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
