// SPDX-License-Identifier: Apache-2.0
#include "daemon/labels/cluster_needs.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "policy/model/endpoint_facts.h"
#include "policy/model/own_side.h"
#include "policy/model/selection.h"

namespace namegate::daemon {

namespace {

using kubernetes::Kind;
using kubernetes::Scope;
using policy::Direction;
using policy::EndpointView;
using policy::EntityRule;
using policy::Policy;

// As the API server takes it in a selector.
bool is_label_text(std::string_view text, bool is_key) {
    constexpr std::size_t kMaxBytes = 63;
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    const std::size_t slash = is_key ? text.find('/') : std::string_view::npos;
    const std::string_view domain = slash == std::string_view::npos ? "" : text.substr(0, slash);
    const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
    const bool is_domain =
        domain.empty() ? slash != 0 : domain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string_view::npos;
    return is_domain && !name.empty() && name.size() <= kMaxBytes &&
           name.find_first_not_of(std::string(kLetters) + "-_.") == std::string_view::npos &&
           kLetters.find(name.front()) != std::string_view::npos && kLetters.find(name.back()) != std::string_view::npos;
}

// The labels that every pod has that the selector matches, for the API server. Labels that pods do not have there are left out.
std::string label_selector(const std::optional<policy::Selector>& selector) {
    std::string out;
    if (!selector) {
        return out;
    }
    for (const auto& [key, value] : selector->required_labels()) {
        const bool made_here = key.starts_with("projectcalico.org/") || key.starts_with(policy::kNamespacePrefix) ||
                               key.starts_with(policy::kServiceAccountPrefix);
        if (!made_here && is_label_text(key, true) && is_label_text(value, false)) {
            out += (out.empty() ? "" : ",") + std::string(key) + "=" + std::string(value);
        }
    }
    return out;
}

class Needs {
  public:
    Needs(const policy::Snapshot& snapshot, const std::vector<EndpointView>& own, const std::vector<EndpointView>& peers,
          const kubernetes::Knowledge& known)
        : snapshot_(snapshot), own_(own), peers_(peers) {
        for (const auto& [name, object] : known.all(Kind::kNamespaces)) {
            EndpointView view;
            view.name_space = name.name;
            view.is_kubernetes = view.labels_known = true;
            view.use_pod_document = false;
            view.namespace_labels = std::shared_ptr<const policy::Labels>(object, &object->labels);
            namespaces_.push_back(std::move(view));
        }
    }

    void add_service(const std::string& name_space, const std::string& name) {
        add_scope({Kind::kServices, name_space, name, ""});
        add_scope({Kind::kEndpointSlices, name_space, name, ""});
    }
    void add(const Policy& policy) {
        if (policy.staged) {
            return;
        }
        const bool selects_here = std::any_of(own_.begin(), own_.end(), [&](const EndpointView& view) {
            return policy::policy_selects(policy, policy::facts_of(snapshot_, view, Direction::kEgress)) != policy::Truth::kFalse;
        });
        for (const Direction direction : {Direction::kEgress, Direction::kIngress}) {
            if (!policy.applies(direction)) {
                continue;
            }
            for (const policy::Rule& rule : policy.rules(direction)) {
                const EntityRule& entity = policy::remote_of(rule, direction);
                // It must be known before the first endpoint needs it.
                const bool takes_away = rule.action != policy::RuleAction::kAllow || entity.not_selector;
                if (selects_here || takes_away) {
                    is_essential_ = takes_away;
                    add_rule(policy, entity, direction);
                }
            }
        }
    }
    ClusterNeeds take() { return std::move(out_); }

  private:
    void add_scope(const Scope& scope) {
        out_.all.insert(scope);
        if (is_essential_) {
            out_.essential.insert(scope);
        }
    }

    void add_rule(const Policy& policy, const EntityRule& entity, Direction direction) {
        if (entity.service) {
            add_service(entity.service->name_space.empty() ? policy.name_space : entity.service->name_space, entity.service->name);
            return;
        }
        if (!policy::selects_by_labels(entity) && !entity.not_selector) {
            return;
        }
        // Two selectors together have no label that all their pods share.
        const bool both = policy::selects_by_labels(entity) && entity.not_selector;
        const std::string label = both ? "" : label_selector(entity.not_selector ? entity.not_selector : entity.selector);
        for (const std::string& name_space : namespaces_of(policy, entity)) {
            add_scope({Kind::kPeers, name_space, "", label});
        }
        if (direction == Direction::kEgress) {
            add_services_of(policy, entity);
        }
    }

    // In which the rule may select pods; one empty name: in all of the cluster.
    std::set<std::string> namespaces_of(const Policy& policy, const EntityRule& entity) const {
        if (!policy.global && !entity.namespace_selector) {
            return {policy.name_space};
        }
        if (!entity.namespace_selector) {
            return {""};
        }
        std::set<std::string> out;
        for (const EndpointView& one : namespaces_) {
            if (policy::may_concern_namespace(policy, entity, one, snapshot_)) {
                out.insert(one.name_space);
            }
        }
        return out.size() > kMaxNamespacesOfRule ? std::set<std::string>{""} : out;
    }

    // The Services of the namespaces in which it selects pods.
    void add_services_of(const Policy& policy, const EntityRule& entity) {
        std::set<std::string> found;
        if (!policy.global && !entity.namespace_selector) {
            found.insert(policy.name_space);
        }
        for (const std::vector<EndpointView>* views : {&own_, &peers_}) {
            for (const EndpointView& view : *views) {
                if (!view.name_space.empty() && found.count(view.name_space) == 0 && policy::may_concern(policy, entity, view, snapshot_)) {
                    found.insert(view.name_space);
                }
            }
        }
        for (const std::string& name_space : found) {
            add_service(name_space, "");
        }
    }

    const policy::Snapshot& snapshot_;
    const std::vector<EndpointView>& own_;
    const std::vector<EndpointView>& peers_;
    std::vector<EndpointView> namespaces_;  // each as a pod without labels in it
    bool is_essential_ = false;             // what the rule at hand needs
    ClusterNeeds out_;
};

}  // namespace

ClusterNeeds cluster_needs(const config::Config& config, const policy::Snapshot& snapshot, const std::vector<EndpointView>& own,
                           const std::vector<EndpointView>& peers, const kubernetes::Knowledge& known) {
    Needs needs(snapshot, own, peers, known);
    for (const dns::ServiceServer& service : config.trusted_services()) {
        needs.add_service(service.name_space, service.name);
    }
    for (const policy::Snapshot::TierView& tier : snapshot.tiers()) {
        for (const Policy* policy : tier.policies) {
            needs.add(*policy);
        }
    }
    return needs.take();
}

}  // namespace namegate::daemon
