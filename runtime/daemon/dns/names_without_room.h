// SPDX-License-Identifier: Apache-2.0
//
// Names that endpoints looked up and whose addresses found no room in the endpoint's map (`learntAddressesPerEndpoint`, or the patterns
// that can open one address), for the tools to say so. Keeps the last kMaxNamesWithoutRoom of each endpoint until their TTL ends.
// Owns its memory; one thread; cannot fail.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "daemon/dns/expiring_notes.h"

namespace namegate::daemon {

inline constexpr std::size_t kMaxNamesWithoutRoom = 16;  // of an endpoint

class NamesWithoutRoom {
  public:
    // An address of the name found no room; it would have been open until `expiry_boot_ns`.
    void add(std::uint32_t endpoint, const std::string& name, std::uint64_t expiry_boot_ns) {
        notes_.add(endpoint, {name, expiry_boot_ns});
    }
    // A later response to the name was learned whole.
    void remove(std::uint32_t endpoint, const std::string& name) { notes_.remove(endpoint, {name}); }
    void forget(std::uint32_t endpoint) { notes_.forget(endpoint); }
    // Those whose TTL has not ended, the oldest first.
    std::vector<std::string> of(std::uint32_t endpoint, std::uint64_t now_boot_ns) const {
        const std::vector<Note> notes = notes_.of(endpoint, now_boot_ns);
        std::vector<std::string> out;
        std::transform(notes.begin(), notes.end(), std::back_inserter(out), [](const Note& one) { return one.name; });
        return out;
    }

  private:
    struct Note {
        std::string name;
        std::uint64_t expiry_boot_ns = 0;

        bool is_same(const Note& other) const { return name == other.name; }
    };
    ExpiringNotes<Note, kMaxNamesWithoutRoom> notes_;
};

}  // namespace namegate::daemon
