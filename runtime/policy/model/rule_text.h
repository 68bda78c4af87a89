// SPDX-License-Identifier: Apache-2.0
//
// A rule as one line for people: "Allow UDP to port 53". Pure.
#pragma once

#include <string>

#include "policy/model/resources.h"

namespace namegate::policy {

std::string describe_rule(const Rule& rule);

}  // namespace namegate::policy
