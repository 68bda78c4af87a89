// SPDX-License-Identifier: Apache-2.0
#include "node/cluster_view.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "kubernetes/known/decode_service.h"
#include "node/policy_folders.h"

namespace namegate::node {

namespace {

using kubernetes::Kind;
using kubernetes::Knowledge;
using policy::ServiceView;

std::shared_ptr<const policy::Labels> labels_of(const std::shared_ptr<const kubernetes::Object>& object) {
    return object ? std::shared_ptr<const policy::Labels>(object, &object->labels) : nullptr;
}

// The endpoints of one Service: those of all its slices.
class Endpoints {
  public:
    explicit Endpoints(ServiceView& service) : service_(service) {}

    void add(const kubernetes::ServiceFacts& facts, const kubernetes::SliceFacts& slice) {
        for (std::size_t i = 0; i < facts.ports.size(); ++i) {
            for (const kubernetes::ServicePort& port : slice.ports) {
                if (port.name == facts.ports[i].name && port.protocol == facts.ports[i].protocol) {
                    add(service_.ports[i], slice, port.port);
                }
            }
        }
    }

  private:
    void add(policy::ServicePortView& out, const kubernetes::SliceFacts& slice, std::uint16_t port) {
        for (const kubernetes::SliceEndpoint& endpoint : slice.endpoints) {
            for (const IpAddress& address : endpoint.addresses) {
                if (!kubernetes::can_be_a_service(address)) {
                    service_.has_unknown_endpoints = true;
                } else if (seen_.insert({&out, address, port}).second) {
                    out.endpoints.push_back({address, port, endpoint.pod});
                }
            }
        }
    }

    ServiceView& service_;
    std::set<std::tuple<const policy::ServicePortView*, IpAddress, std::uint16_t>> seen_;
};

}  // namespace

ClusterView::ClusterView(std::shared_ptr<const Knowledge> known, const config::Config& config)
    : known_(std::move(known)), config_(config), node_(known_ ? node_name(config) : "") {}

std::uint64_t ClusterView::revision() const {
    return known_ ? known_->revision(Kind::kServices) + known_->revision(Kind::kEndpointSlices) + known_->revision(Kind::kPeers) +
                        known_->revision(Kind::kNamespaces) + known_->revision(Kind::kServiceAccounts)
                  : 0;
}

policy::EndpointView ClusterView::peer_of(const kubernetes::Object& pod, const policy::Snapshot& snapshot) const {
    policy::EndpointView view;
    view.name_space = pod.name.name_space;
    view.pod = pod.name.name;
    view.service_account = pod.pod->service_account;
    view.labels = pod.labels;
    view.is_kubernetes = true;
    view.use_pod_document = false;
    view.labels_known = true;
    view.account_known = true;
    view.unknown_is_absent = config_.unknown_labels_absent;
    view.addresses = pod.pod->addresses;
    view.ports = pod.pod->ports;
    view.namespace_labels = labels_of(known_->find(Kind::kNamespaces, "", view.name_space));
    if (!view.service_account.empty()) {
        view.account_labels = labels_of(known_->find(Kind::kServiceAccounts, view.name_space, view.service_account));
    }
    view.gaps = policy::label_gaps(view, snapshot);
    view.effective = std::make_shared<const policy::Labels>(policy::effective_labels(view, snapshot));
    view.labels.clear();  // the effective ones have them
    return view;
}

const std::vector<policy::EndpointView>& ClusterView::peers(const policy::Snapshot& snapshot) {
    if (!known_) {
        return peers_;
    }
    const Revisions now = {known_->revision(Kind::kPeers), known_->revision(Kind::kNamespaces), known_->revision(Kind::kServiceAccounts),
                           1};
    if (now == peers_of_ && snapshot.generation() == generation_) {
        return peers_;
    }
    peers_of_ = now;
    generation_ = snapshot.generation();
    peers_.clear();
    for (const auto& entry : known_->all(Kind::kPeers)) {
        const kubernetes::PodFacts& pod = *entry.second->pod;
        if (!pod.addresses.empty() && pod.node != node_) {
            peers_.push_back(peer_of(*entry.second, snapshot));
        }
    }
    return peers_;
}

void ClusterView::make_services() {
    services_.services.clear();
    std::map<kubernetes::ObjectName, std::vector<const kubernetes::SliceFacts*>> slices;
    std::set<std::string> unreadable;  // namespaces
    for (const auto& [name, object] : known_->all(Kind::kEndpointSlices)) {
        if (object->slice->unreadable) {
            unreadable.insert(name.name_space);
        } else if (!object->slice->service.empty()) {
            slices[{name.name_space, object->slice->service}].push_back(&*object->slice);
        }
    }
    for (const auto& [name, object] : known_->all(Kind::kServices)) {
        const kubernetes::ServiceFacts& facts = *object->service;
        ServiceView view{name.name_space, name.name, facts.cluster, {}, unreadable.count(name.name_space) != 0};
        // Whoever may write Services must not open what the node's owner keeps closed to names.
        std::copy_if(facts.external.begin(), facts.external.end(), std::back_inserter(view.addresses),
                     [&](const IpAddress& address) { return config_.never_opens.refuses(address) == nullptr; });
        for (const kubernetes::ServicePort& port : facts.ports) {
            view.ports.push_back({port.protocol, port.port, {}});
        }
        Endpoints endpoints(view);
        for (const kubernetes::SliceFacts* slice : slices[name]) {
            endpoints.add(facts, *slice);
        }
        services_.services.push_back(std::move(view));
    }
    services_.is_complete =
        known_->has_all_needed(Kind::kServices) && known_->has_all_needed(Kind::kEndpointSlices) && known_->has_all_needed(Kind::kPeers);
}

const policy::ClusterServices& ClusterView::services() {
    if (!known_) {
        return services_;
    }
    const Revisions now = {known_->revision(Kind::kServices), known_->revision(Kind::kEndpointSlices), known_->revision(Kind::kPeers), 1};
    if (now != services_of_) {
        services_of_ = now;
        make_services();
    }
    return services_;
}

}  // namespace namegate::node
