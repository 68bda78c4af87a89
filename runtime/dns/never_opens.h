// SPDX-License-Identifier: Apache-2.0
//
// Addresses that no name opens, whatever an answer says (D17): whoever owns an allowed name would otherwise lead a pod to
// its own loopback, or to the metadata service of a cloud. Written as addresses and CIDRs. An IPv4 entry also refuses the
// address in its IPv4-mapped form; an entry below ::ffff:0:0/96 refuses that form alone. A value; pure; the programs decide
// alike on the same list (`never_opens` in abi.h).
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
inline constexpr std::size_t kMaxListedNeverOpens = 48;            // of a configuration, besides the standard ones

class NeverOpens {
  public:
    struct Entry {
        std::string text;   // as it was written
        bool aaaa = false;  // of AAAA records; else of A records
        IpAddress::Bytes bytes{};
        unsigned length = 0;  // of all 128 bits
    };

    // Nothing is refused.
    NeverOpens() = default;
    // Loopback, link-local, multicast, unspecified, broadcast and IPv4-mapped addresses.
    static NeverOpens standard();

    // kInvalidInput says what is wrong with the text, kExhausted that there are kMaxNeverOpens entries.
    Result<> add(std::string_view text);
    const std::vector<Entry>& entries() const { return entries_; }

    // The entry that refuses the address, as it was written; null: none. `mapped`: it came as an IPv4-mapped one.
    const std::string* refuses(const IpAddress& address, bool mapped = false) const;

  private:
    std::vector<Entry> entries_;
};

}  // namespace namegate::dns
