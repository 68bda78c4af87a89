// SPDX-License-Identifier: Apache-2.0
//
// Addresses that no name opens (D17). Otherwise the owner of an allowed name could direct a pod to the pod's own loopback
// or to the metadata service of a cloud. Entries are addresses and CIDRs. An IPv4 entry also refuses the IPv4-mapped form
// of its addresses; an entry inside ::ffff:0:0/96 refuses only that form. Value type; pure. The BPF programs decide the
// same with the same list (`never_opens` in abi.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "datapath/bpf/abi_limits.h"

namespace namegate::dns {

inline constexpr std::size_t kMaxNeverOpens = NG_MAX_NEVER_OPENS;  // entries
inline constexpr std::size_t kMaxListedNeverOpens = 48;            // entries of a configuration, besides the standard ones

class NeverOpens {
  public:
    struct Entry {
        std::string text;   // as in the configuration
        bool aaaa = false;  // applies to AAAA records; otherwise to A records
        IpAddress::Bytes bytes{};
        unsigned length = 0;  // 0 to 128, in the 16-byte form
    };

    // Refuses nothing.
    NeverOpens() = default;
    // Refuses loopback, link-local, multicast, unspecified, broadcast and IPv4-mapped addresses.
    static NeverOpens standard();

    // kInvalidInput: the text is neither an address nor a CIDR. kExhausted: there are kMaxNeverOpens entries already.
    Result<> add(std::string_view text);
    const std::vector<Entry>& entries() const { return entries_; }

    // Returns the text of the entry that refuses the address, or null. `mapped`: an AAAA record carried the address in its
    // IPv4-mapped form.
    const std::string* refuses(const IpAddress& address, bool mapped = false) const;

  private:
    std::vector<Entry> entries_;
};

}  // namespace namegate::dns
