// SPDX-License-Identifier: Apache-2.0
//
// All resources that are in force at one moment, sorted for the compiler. Immutable, so safe to share between threads;
// construction cannot fail.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/model/file_resources.h"
#include "policy/model/set_index.h"

namespace namegate::policy {

class Snapshot {
  public:
    Snapshot() = default;
    // Sorts tiers by order (E2) and the policies of each tier by order, name, namespace and kind (E3).
    Snapshot(std::vector<std::shared_ptr<const FileResources>> files, std::uint64_t generation);

    struct TierView {
        Tier tier;
        bool described = true;  // false: policies name the tier and no Tier document describes it; it comes last and ends in Deny
        std::vector<const Policy*> policies;
    };

    const std::vector<TierView>& tiers() const { return tiers_; }
    const std::vector<const NetworkSet*>& sets() const { return sets_; }
    const SetIndex& set_index() const { return set_index_; }  // numbers as in sets()
    const std::vector<const PodDocument*>& pods() const { return pods_; }
    const std::vector<std::shared_ptr<const FileResources>>& files() const { return files_; }
    std::size_t policy_count() const;
    // What the rules of a direction need to know of the endpoint's own side.
    OwnSide own_side(Direction direction) const { return own_sides_[static_cast<std::size_t>(direction)]; }

    const PodDocument* find_pod(std::string_view name_space, std::string_view name) const;
    const NamespaceDocument* find_namespace(std::string_view name) const;
    const ServiceAccountDocument* find_service_account(std::string_view name_space, std::string_view name) const;

    // Increases with each change of the content.
    std::uint64_t generation() const { return generation_; }

  private:
    using Key = std::pair<std::string_view, std::string_view>;
    std::vector<std::shared_ptr<const FileResources>> files_;
    std::vector<TierView> tiers_;
    std::vector<const NetworkSet*> sets_;
    SetIndex set_index_;
    std::vector<const PodDocument*> pods_;
    std::map<Key, const PodDocument*> pods_by_name_;
    std::map<std::string_view, const NamespaceDocument*> namespaces_;
    std::map<Key, const ServiceAccountDocument*> service_accounts_;
    std::array<OwnSide, 2> own_sides_;  // by direction
    std::uint64_t generation_ = 0;
};

}  // namespace namegate::policy
