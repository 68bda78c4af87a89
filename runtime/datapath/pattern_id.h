// SPDX-License-Identifier: Apache-2.0
//
// Ids of domain patterns: the seeded hash of bpf/ng_hash.h over a pattern's labels. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "datapath/bpf/abi.h"
#include "policy/model/domain_pattern.h"

namespace namegate::datapath {

std::uint64_t hash_labels(std::uint64_t seed, const std::vector<std::string>& labels);
std::uint64_t pattern_id(std::uint64_t seed, const policy::DomainPattern& pattern);
// Without its kind.
constexpr std::uint64_t pattern_hash(std::uint64_t id) { return id & ~std::uint64_t{NG_PATTERN_KINDS}; }

// What the map `suffixes` holds under pattern_hash() of the id.
ng_suffix suffix_of(const policy::DomainPattern& pattern);
// The other way round, for the tools: "*.example.com".
std::string pattern_text(std::uint64_t id, const ng_suffix& suffix);

}  // namespace namegate::datapath
