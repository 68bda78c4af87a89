// SPDX-License-Identifier: Apache-2.0
//
// Making the datapath's objects: the BPF object is opened, verified, and its maps and programs are
// pinned into a folder. For the loader only. Errors carry the last lines of the verifier's log.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// Pins everything below `folder`/maps and `folder`/programs, which exist and are empty, and writes `meta`.
Result<> load_and_pin(const ng_meta& meta, const std::string& folder);
// Loads the programs alone, onto the maps that are pinned in `maps`, and pins them into `programs`.
Result<> load_onto_maps(const ng_meta& meta, const std::string& maps, const std::string& programs);
// Which programs are embedded in this process: a hash of them.
std::uint64_t program_build();

// The name of a pin for any interface name: bpffs reserves the dot.
std::string pin_name(const std::string& name);
std::string name_of_pin(const std::string& pin);

// What libbpf has to say goes to our log, as debugging.
void use_own_log();

Result<Fd> open_pin(const std::string& path);
// A folder of pins with all that is in it; one that is not there is success.
Result<> remove_tree(const std::string& path);

}  // namespace namegate::datapath
