// SPDX-License-Identifier: Apache-2.0
//
// Looks up addresses and ports in compiled tables as the kernel programs do, by the longest prefix. For many lookups: it costs no pass
// over the tables. Owns an index; the tables may go. Not thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "policy/compiler/compiled_policy.h"

namespace namegate::policy {

class MatchLookup {
  public:
    MatchLookup(const std::vector<CidrEntry>& cidrs, const std::vector<PortEntry>& ports) {
        for (const CidrEntry& entry : cidrs) {
            nets_[entry.prefix] = entry.match;
            lengths_[entry.prefix.is_v4() ? 0 : 1].insert(entry.prefix.length());
        }
        for (const PortEntry& entry : ports) {
            if (entry.any_protocol) {
                any_protocol_ = entry.bitmap;
            } else {
                ports_[{entry.protocol, entry.prefix_bits, entry.port}] = entry.bitmap;
            }
        }
    }

    BitmapIndex address(const IpAddress& address) const {
        for (const unsigned length : lengths_[address.is_v4() ? 0 : 1]) {
            if (const auto found = nets_.find(IpPrefix(address, length)); found != nets_.end()) {
                return found->second;
            }
        }
        return 0;
    }
    BitmapIndex port(std::uint8_t protocol, std::uint16_t port) const {
        constexpr unsigned kBitsOfPort = 16;
        for (unsigned bits = kBitsOfPort + 1; bits-- > 0;) {
            const auto prefix = static_cast<std::uint16_t>(bits == 0 ? 0 : port & (0xffffU << (kBitsOfPort - bits)));
            if (const auto found = ports_.find({protocol, static_cast<std::uint8_t>(bits), prefix}); found != ports_.end()) {
                return found->second;
            }
        }
        return any_protocol_;
    }

  private:
    std::map<IpPrefix, BitmapIndex> nets_;
    std::array<std::set<unsigned, std::greater<>>, 2> lengths_;  // of IPv4 and of IPv6 prefixes, the longest first
    std::map<std::tuple<std::uint8_t, std::uint8_t, std::uint16_t>, BitmapIndex> ports_;
    BitmapIndex any_protocol_ = 0;
};

}  // namespace namegate::policy
