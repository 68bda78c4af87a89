// SPDX-License-Identifier: Apache-2.0
//
// What one policy file says, with what every snapshot asks of its sets found out once. Immutable, so free to share between
// threads; the snapshots of before and after a change share those of the files that did not change.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "policy/model/resources.h"

namespace namegate::policy {

class FileResources {
  public:
    explicit FileResources(std::vector<Resource> resources);
    ~FileResources() = default;
    FileResources(const FileResources&) = delete;  // would point into the other's resources
    FileResources& operator=(const FileResources&) = delete;
    FileResources(FileResources&&) = delete;
    FileResources& operator=(FileResources&&) = delete;

    const std::vector<Resource>& all() const { return all_; }

    struct Set {
        const NetworkSet* set = nullptr;
        bool own_labels_only = false;  // selectors see no others of it
        std::uint32_t first_hash = 0;
        std::uint32_t n_hashes = 0;
    };
    const std::vector<Set>& sets() const { return sets_; }
    // Of the set's own labels, as the label index has them.
    std::span<const std::size_t> label_hashes(const Set& set) const { return std::span(hashes_).subspan(set.first_hash, set.n_hashes); }

  private:
    std::vector<Resource> all_;
    std::vector<Set> sets_;
    std::vector<std::size_t> hashes_;
};

}  // namespace namegate::policy
