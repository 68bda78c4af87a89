// SPDX-License-Identifier: Apache-2.0
//
// Services and EndpointSlices as JSON in the kept files, and back. Reading throws nlohmann::json::exception for what has another type;
// an address that is none is left out. Pure.
#pragma once

#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "kubernetes/known/objects.h"

namespace namegate::kubernetes {

nlohmann::json addresses_json(const std::vector<IpAddress>& addresses);
std::vector<IpAddress> addresses_from(const nlohmann::json& json);
nlohmann::json to_json(const ServiceFacts& service);
ServiceFacts service_from(const nlohmann::json& json);
nlohmann::json to_json(const SliceFacts& slice);
SliceFacts slice_from(const nlohmann::json& json);

}  // namespace namegate::kubernetes
