// SPDX-License-Identifier: Apache-2.0
//
// What the tools should say about endpoints for a while: the last `kMost` notes of each, until they expire. A Note has `expiry_boot_ns`
// and is_same(other). Owns its memory; one thread; cannot fail.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

namespace namegate::daemon {

template <typename Note, std::size_t kMost>
class ExpiringNotes {
  public:
    // True if it is new. Otherwise the same note expires at the later of both times.
    bool add(std::uint32_t endpoint, Note note) {
        std::deque<Note>& list = by_endpoint_[endpoint];
        const auto known = std::find_if(list.begin(), list.end(), [&note](const Note& one) { return one.is_same(note); });
        if (known != list.end()) {
            known->expiry_boot_ns = std::max(known->expiry_boot_ns, note.expiry_boot_ns);
            return false;
        }
        if (list.size() == kMost) {
            list.pop_front();
        }
        list.push_back(std::move(note));
        return true;
    }
    void remove(std::uint32_t endpoint, const Note& note) {
        const auto found = by_endpoint_.find(endpoint);
        if (found == by_endpoint_.end()) {
            return;
        }
        std::erase_if(found->second, [&note](const Note& one) { return one.is_same(note); });
        if (found->second.empty()) {
            by_endpoint_.erase(found);
        }
    }
    void forget(std::uint32_t endpoint) { by_endpoint_.erase(endpoint); }

    // Those that have not expired, the oldest first.
    std::vector<Note> of(std::uint32_t endpoint, std::uint64_t now_boot_ns) const {
        std::vector<Note> out;
        if (const auto found = by_endpoint_.find(endpoint); found != by_endpoint_.end()) {
            std::copy_if(found->second.begin(), found->second.end(), std::back_inserter(out),
                         [now_boot_ns](const Note& one) { return one.expiry_boot_ns > now_boot_ns; });
        }
        return out;
    }

  private:
    std::map<std::uint32_t, std::deque<Note>> by_endpoint_;
};

}  // namespace namegate::daemon
