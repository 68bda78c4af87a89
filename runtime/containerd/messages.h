// SPDX-License-Identifier: Apache-2.0
//
// The two messages of containerd's native API that namegate reads, and the requests for them: containers.v1
// Containers/Get, and sandbox.v1 Store/Get (containerd 2.x). Other fields are skipped. Pure.
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

inline constexpr std::size_t kMaxMapEntries = 4096;  // labels and extensions of one reply, repeated keys included

struct ContainerReply {
    Labels labels;
    std::optional<std::string> pod;  // the description of the pod, if the container is one
};

// Encodes the request of either method.
std::string encode_get(std::string_view id);

// kInvalidInput: not a valid message, or a label is not UTF-8. kExhausted: more than kMaxMapEntries.
Result<ContainerReply> decode_container(std::string_view reply);
// Returns the description of the pod.
Result<std::optional<std::string>> decode_sandbox(std::string_view reply);

}  // namespace namegate::containerd
