// SPDX-License-Identifier: Apache-2.0
//
// The two messages of containerd's native API that namegate reads, and what it asks with: containers.v1, Containers/Get,
// and sandbox.v1, Store/Get (2.x). Only the fields that matter are read, the others are skipped. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "containerd/pod_metadata.h"

namespace namegate::containerd {

inline constexpr const char* kContainersGet = "/containerd.services.containers.v1.Containers/Get";
inline constexpr const char* kSandboxGet = "/containerd.services.sandbox.v1.Store/Get";

inline constexpr std::size_t kMaxMapEntries = 4096;  // labels and extensions of one reply, each entry as often as it comes

struct ContainerReply {
    Labels labels;
    std::optional<std::string> pod;  // the description of the pod, when it is one
};

// The request of either method.
std::string encode_get(std::string_view id);

// kInvalidInput: no such message, or a label that is no UTF-8. kExhausted: more entries than are taken.
Result<ContainerReply> decode_container(std::string_view reply);
// The description of the pod.
Result<std::optional<std::string>> decode_sandbox(std::string_view reply);

}  // namespace namegate::containerd
