// SPDX-License-Identifier: Apache-2.0
//
// Which DNS queries of an endpoint reach the network (D19), and what the policies that select it say about that. Plain values.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace namegate::policy {

// In the order of strictness.
enum class DnsQueries : std::uint8_t {
    kAny,
    kLog,      // any; those that kAllowed would refuse are counted and reported
    kAllowed,  // those for names that may open something, or are always allowed
};

// As annotations have them, in the order of the values.
inline constexpr std::array<std::string_view, 3> kDnsQueriesWords = {"any", "log", "allowed"};
inline std::string_view to_string(DnsQueries queries) { return kDnsQueriesWords[static_cast<std::size_t>(queries)]; }

// What several policies say together: the strictest counts, and where one says nothing, the node's default.
class DnsDemand {
  public:
    void add(std::optional<DnsQueries> said) {
        strictest_ = std::max(strictest_, said.value_or(DnsQueries::kAny));
        silent_ = silent_ || !said;
    }
    DnsQueries under(DnsQueries node_default) const { return silent_ ? std::max(strictest_, node_default) : strictest_; }

  private:
    DnsQueries strictest_ = DnsQueries::kAny;
    bool silent_ = false;  // some policy says nothing
};

}  // namespace namegate::policy
