// SPDX-License-Identifier: Apache-2.0
#include "policy/model/file_resources.h"

#include <utility>

#include "policy/model/endpoint_view.h"
#include "policy/model/label_index.h"

namespace namegate::policy {

FileResources::FileResources(std::vector<Resource> resources) : all_(std::move(resources)) {
    all_.shrink_to_fit();
    for (const Resource& resource : all_) {
        if (const NetworkSet* set = std::get_if<NetworkSet>(&resource)) {
            sets_.push_back({set, has_own_labels_only(*set), static_cast<std::uint32_t>(hashes_.size()),
                             static_cast<std::uint32_t>(set->labels.size())});
            for (const auto& label : set->labels) {
                hashes_.push_back(LabelIndex::hash_of(label.first, label.second));
            }
        } else if (const Policy* policy = std::get_if<Policy>(&resource)) {
            for (const Direction direction : {Direction::kEgress, Direction::kIngress}) {
                own_sides_[static_cast<std::size_t>(direction)] |= own_side_of(*policy, direction);
            }
        }
    }
    sets_.shrink_to_fit();
    hashes_.shrink_to_fit();
}

}  // namespace namegate::policy
