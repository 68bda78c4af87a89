// SPDX-License-Identifier: Apache-2.0
//
// The resources of one policy file, and values derived from them that every snapshot needs. Immutable, so safe to share
// between threads. The snapshots before and after a change share the objects of the files that did not change.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policy/model/own_side.h"
#include "policy/model/resources.h"

namespace namegate::policy {

class FileResources {
  public:
    explicit FileResources(std::vector<Resource> resources);
    ~FileResources() = default;
    FileResources(const FileResources&) = delete;  // pointers to the resources would dangle
    FileResources& operator=(const FileResources&) = delete;
    FileResources(FileResources&&) = delete;
    FileResources& operator=(FileResources&&) = delete;

    const std::vector<Resource>& all() const { return all_; }

    struct Set {
        const NetworkSet* set = nullptr;
        bool own_labels_only = false;  // see has_own_labels_only()
        std::uint32_t first_hash = 0;
        std::uint32_t n_hashes = 0;
    };
    const std::vector<Set>& sets() const { return sets_; }
    // Returns the hashes of the set's own labels (LabelIndex::hash_of()).
    std::span<const std::size_t> label_hashes(const Set& set) const { return std::span(hashes_).subspan(set.first_hash, set.n_hashes); }
    // What the rules of a direction need to know of the endpoint's own side. Includes staged policies, because a preview
    // compiles them.
    OwnSide own_side(Direction direction) const { return own_sides_[static_cast<std::size_t>(direction)]; }

  private:
    std::vector<Resource> all_;
    std::vector<Set> sets_;
    std::vector<std::size_t> hashes_;
    std::array<OwnSide, 2> own_sides_;  // by direction
};

}  // namespace namegate::policy
