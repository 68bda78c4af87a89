// SPDX-License-Identifier: Apache-2.0
//
// The description of a pod that containerd's CRI plugin stores (the extension "metadata" of a sandbox, and
// "io.cri-containerd.sandbox.metadata" of its container): JSON with the configuration that kubelet sent. Pure.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace namegate::containerd {

using Labels = std::map<std::string, std::string, std::less<>>;

inline constexpr std::size_t kMaxLabels = 1024;
inline constexpr std::size_t kMaxLabelText = 4096;              // bytes in one key or value
inline constexpr std::size_t kMaxAllLabelBytes = 256UL * 1024;  // bytes in all keys and values

struct PodMetadata {
    std::string name_space;
    std::string name;
    std::string uid;
    Labels labels;
};

// kInvalidInput: the JSON is not such a description. kExhausted: the labels exceed the limits.
Result<PodMetadata> parse_pod_metadata(std::string_view json);

// kExhausted beyond the limits above.
Result<> check_labels(const Labels& labels);

}  // namespace namegate::containerd
