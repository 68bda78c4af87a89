// SPDX-License-Identifier: Apache-2.0
//
// What containerd's Kubernetes part writes down about a pod (the extension "metadata" of a sandbox, and
// "io.cri-containerd.sandbox.metadata" of its container): JSON that holds the configuration kubelet sent. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::containerd {

using Labels = std::map<std::string, std::string, std::less<>>;

inline constexpr std::size_t kMaxLabels = 1024;
inline constexpr std::size_t kMaxLabelText = 4096;              // bytes of one key or value
inline constexpr std::size_t kMaxAllLabelBytes = 256UL * 1024;  // of all keys and values

struct PodMetadata {
    std::string name_space;
    std::string name;
    std::string uid;
    Labels labels;
};

// kInvalidInput when it has another form, kExhausted for labels beyond the limits.
Result<PodMetadata> parse_pod_metadata(std::string_view json);

// kExhausted beyond the limits above.
Result<> check_labels(const Labels& labels);

}  // namespace namegate::containerd
