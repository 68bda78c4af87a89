// SPDX-License-Identifier: Apache-2.0
//
// Translates a compiled policy into map entries, for the policy writer. Pure; the kernel is not involved. Fails only for
// policies that the compiler never produces, and for hash collisions.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "datapath/bpf/abi.h"
#include "policy/compiler/compiled_policy.h"

namespace namegate::datapath {

// The position of the policy in the tables.
struct PolicyPlace {
    std::uint32_t id = 0;
    std::uint32_t bitmap_base = 0;
    std::uint32_t rule_base = 0;
    std::uint64_t seed = 0;
};

struct PolicyImage {
    std::vector<std::uint32_t> bitmap_keys;
    std::vector<ng_bitmap> bitmaps;
    std::vector<std::uint32_t> rule_keys;
    std::vector<ng_rule> rules;
    std::vector<ng_cidr4_key> cidr4_keys;
    std::vector<ng_cidr_value> cidr4_values;
    std::vector<ng_cidr6_key> cidr6_keys;
    std::vector<ng_cidr_value> cidr6_values;
    std::vector<ng_port_key> port_keys;
    std::vector<std::uint32_t> port_values;
    std::vector<ng_pattern_key> pattern_keys;
    std::vector<ng_pattern_value> pattern_values;
    std::vector<std::uint64_t> pattern_ids;  // ids of the policy's patterns, in the same order
    ng_direction direction{};
    ng_pattern_filter filter{};
};

Result<PolicyImage> make_policy_image(const policy::CompiledPolicy& policy, const PolicyPlace& place);

}  // namespace namegate::datapath
