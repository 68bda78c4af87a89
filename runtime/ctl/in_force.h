// SPDX-License-Identifier: Apache-2.0
//
// What is in force of the configured policy folders, decided as daemon and plugin do: of a file that is wrong, cannot be read or
// is in a missing folder, the last good content. Reads the kept policies and changes nothing on the disk. Needs no daemon. Blocks
// on the disk.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "policy/documents/policy_store.h"

namespace namegate::ctl {

struct InForce {
    // Folders that cannot be read, although they have policies, and why.
    std::map<std::string, std::string> folders;
    // Files whose present content is not in force, sorted by path.
    std::vector<policy::FileStatus> refused;
    // Why the kept policies cannot be read; empty: they can.
    std::string unknown;
};

InForce read_in_force(const config::Config& config);

// What is in force of a refused file, in one sentence; empty: nothing, because it never was good.
std::string in_force_text(const policy::FileStatus& file);

}  // namespace namegate::ctl
