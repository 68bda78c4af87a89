// SPDX-License-Identifier: Apache-2.0
//
// A datapath in a separate bpffs, and small helpers for its maps.
#pragma once

#include <algorithm>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "datapath/endpoint_writer.h"
#include "datapath/loader.h"
#include "datapath/map.h"
#include "policy/compiler/compiled_policy.h"
#include "support/bpffs.h"
#include "support/install.h"

namespace namegate::test {

template <typename T>
T take(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message());
    }
    return std::move(result).value();
}

class DatapathFixture {
  public:
    DatapathFixture() {
        options_.bpffs_dir = bpffs_.path() + "/namegate";
        options_.learnt_per_endpoint = 64;
        options_.flows_per_endpoint = 256;
        datapath_ = take(datapath::Datapath::open(options_));
    }

    template <typename K, typename V>
    std::size_t size_of(datapath::MapId id) {
        return take(datapath::map_entries<K, V>(take(datapath_->map(id)))).size();
    }
    static datapath::EndpointIdentity identity(std::uint32_t endpoint, std::uint32_t slot) {
        return {endpoint, slot, {take(IpAddress::parse("10.1.0.2"))}, {2, 0, 0, 0, 0, 1}};
    }

    datapath::DatapathOptions& options() { return options_; }
    datapath::Datapath& datapath() { return *datapath_; }
    void reopen() {
        datapath_.reset();
        datapath_ = take(datapath::Datapath::open(options_));
    }

  private:
    Bpffs bpffs_;
    datapath::DatapathOptions options_;
    std::unique_ptr<datapath::Datapath> datapath_;
};

// Two rules: Allow what `domains` opened, then Deny. `variant` makes the content different.
inline policy::CompiledPolicy sample_policy(std::uint64_t variant, const std::vector<std::string>& domains, std::size_t cidrs = 0) {
    policy::CompiledPolicy policy;
    policy.rules.resize(2);
    policy.rules[0].action = policy::RuleAction::kAllow;
    policy.bitmaps = {{0}, {1}, {2}, {3}};
    policy.cidrs.push_back({take(IpPrefix::parse("0.0.0.0/0")), 2, 0});
    policy.cidrs.push_back({take(IpPrefix::parse("::/0")), 2, 0});
    for (std::size_t i = 0; i < cidrs; ++i) {
        const auto octet = [i](unsigned shift) { return static_cast<std::uint8_t>(i >> shift & 0xff); };
        policy.cidrs.push_back({IpPrefix(IpAddress::v4({10, octet(16), octet(8), octet(0)}), 32), 3, 0});
    }
    policy::PortEntry any;
    any.any_protocol = true;
    any.bitmap = 3;
    policy.ports.push_back(any);
    for (const auto& domain : domains) {
        policy.patterns.push_back({take(policy::DomainPattern::parse(domain)), 1});
    }
    std::sort(policy.patterns.begin(), policy.patterns.end(), [](const auto& a, const auto& b) { return a.pattern < b.pattern; });
    policy.content_hash = {variant, 0x6e67};
    return policy;
}

}  // namespace namegate::test
