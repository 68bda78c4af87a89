// SPDX-License-Identifier: Apache-2.0
//
// Everything that pods could leave behind on a node, counted: interfaces, namespaces, rules, files, pins, the content of every map,
// and the daemon's own descriptors and memory. Errors throw.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "node.h"

namespace namegate::test {

// Opened when they are first needed, and kept.
inline constexpr const char* kDaemonPins = "daemon's pins that are open";
inline constexpr const char* kDaemonMemory = "daemon's own memory, KiB";

using Census = std::vector<std::pair<std::string, long>>;  // always the same things in the same order

Census take_census(Node& node);
void print_censuses(const Census& before, const Census& after);

}  // namespace namegate::test
