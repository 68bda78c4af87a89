// SPDX-License-Identifier: Apache-2.0
//
// Creates the objects of the datapath: opens and verifies the embedded BPF object and pins its maps and programs into a
// folder. Only for the loader. Errors carry the end of the verifier's log.
#pragma once

#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// Loads everything and pins it in `folder`/maps and `folder`/programs, which exist and are empty. Writes `meta`.
Result<> load_and_pin(const ng_meta& meta, const std::string& folder);
// Loads only the programs, for the maps pinned in `maps`, and pins them in `programs`.
Result<> load_onto_maps(const ng_meta& meta, const std::string& maps, const std::string& programs);
// A mark that no other program is likely to use. Not 0, which is the mark of every unmarked frame.
Result<std::uint32_t> random_mark();
// Identifies the programs embedded in this process: a hash of them.
std::uint64_t program_build();

// The name of a pin for an interface name: escapes the dot, which bpffs reserves.
std::string pin_name(const std::string& name);
std::string name_of_pin(const std::string& pin);

// Sends the messages of libbpf to the log, with level debug.
void use_own_log();

Result<Fd> open_pin(const std::string& path);
// Removes a folder of pins with its content. Succeeds if there is none.
Result<> remove_tree(const std::string& path);

}  // namespace namegate::datapath
