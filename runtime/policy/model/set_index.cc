// SPDX-License-Identifier: Apache-2.0
#include "policy/model/set_index.h"

#include "policy/model/endpoint_view.h"
#include "policy/model/snapshot.h"

namespace namegate::policy {

SetIndex::SetIndex(const Snapshot& snapshot) {
    std::size_t labels = 0;
    for (const auto& file : snapshot.files()) {
        for (const FileResources::Set& set : file->sets()) {
            labels += set.n_hashes;
        }
    }
    labels_.reserve(snapshot.sets().size());
    by_label_.reserve(snapshot.sets().size(), labels);
    for (const auto& file : snapshot.files()) {
        for (const FileResources::Set& set : file->sets()) {
            if (set.own_labels_only) {
                labels_.push_back(&set.set->labels);
                by_label_.add(file->label_hashes(set));
            } else {
                effective_.push_back(effective_labels(*set.set, snapshot));
                labels_.push_back(&effective_.back());
                by_label_.add(effective_.back());
            }
        }
    }
    by_label_.sort();
}

}  // namespace namegate::policy
