// SPDX-License-Identifier: Apache-2.0
//
// The programs of this build in the place of those of another build with the same layout: they use the same maps, and each
// interface changes over between two packets. For the loader only. A crash at any moment leaves interfaces with the
// one or the other, and is put right by the next call.
#pragma once

#include "base/result.h"
#include "datapath/loader.h"

namespace namegate::datapath {

// `meta` as it stands in the maps, which says afterwards that the programs are of this build.
Result<> replace_programs(Datapath& datapath, ng_meta meta);

}  // namespace namegate::datapath
