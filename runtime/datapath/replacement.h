// SPDX-License-Identifier: Apache-2.0
//
// Replaces the programs of another build with the same layout by those of this build. They use the same maps, and each
// interface is switched between two packets. Only for the loader. After a crash, each interface has either the old or the
// new program, and the next call completes the replacement.
#pragma once

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// `meta` is the current content of the map; afterwards it names this build.
Result<> replace_programs(Datapath& datapath, ng_meta meta);

}  // namespace namegate::datapath
