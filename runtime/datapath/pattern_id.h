// SPDX-License-Identifier: Apache-2.0
//
// The ids of domain patterns: a seeded hash of the labels of a pattern (bpf/ng_hash.h). Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "datapath/bpf/abi.h"
#include "policy/model/domain_pattern.h"

namespace namegate::datapath {

std::uint64_t hash_labels(std::uint64_t seed, const std::vector<std::string>& labels);
std::uint64_t pattern_id(std::uint64_t seed, const policy::DomainPattern& pattern);
// The id without the bits of the kind.
constexpr std::uint64_t pattern_hash(std::uint64_t id) { return id & ~std::uint64_t{NG_PATTERN_KINDS}; }

// The error when two patterns have the same hash. `pattern` is one of them.
Error hash_collision(std::string_view pattern);

// The value of the map `suffixes` for pattern_hash() of the id.
ng_suffix suffix_of(const policy::DomainPattern& pattern);
// Converts back to text, for the tools: "*.example.com".
std::string pattern_text(std::uint64_t id, const ng_suffix& suffix);

}  // namespace namegate::datapath
