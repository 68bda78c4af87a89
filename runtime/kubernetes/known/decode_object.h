// SPDX-License-Identifier: Apache-2.0
//
// Reads what namegate needs from an object of the API server. The object comes from outside, so every size is limited; the caller
// limits bytes and depth before it parses (json_text.h). Pure.
#pragma once

#include <cstddef>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "kubernetes/known/objects.h"

namespace namegate::kubernetes {

inline constexpr std::size_t kMaxObjectLabels = 1024;
inline constexpr std::size_t kMaxObjectText = 4096;  // bytes of a name, or of the key and value of one label
inline constexpr std::size_t kMaxPodPorts = 256;
inline constexpr std::size_t kMaxPodAddresses = 8;
inline constexpr std::size_t kMaxAnnotationBytes = 16 * 1024;  // of a pod, names included; the others are left out

// kInvalidInput: not an object of this kind. kExhausted: it exceeds a limit, which the message names.
Result<Object> decode_object(Kind kind, const nlohmann::json& object);
// Only its name.
Result<ObjectName> decode_name(Kind kind, const nlohmann::json& object);

}  // namespace namegate::kubernetes
