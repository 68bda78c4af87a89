// SPDX-License-Identifier: Apache-2.0
//
// An upgrade to another layout of the maps, one endpoint at a time (docs/upgrade.md). Everything that an endpoint needs is created
// beside the older build's state, then its policy is programmed, and only then its interface changes over. An endpoint that cannot
// be programmed stays enforced by the older build. Owns nothing. One thread.
#pragma once

#include <vector>

#include "base/result.h"
#include "datapath/loader.h"
#include "endpoints/record.h"
#include "node/node_lock.h"

namespace namegate::node {

// The build whose programs are on the endpoint's interface, or null.
Result<const datapath::OtherBuild*> enforced_by(const std::vector<datapath::OtherBuild>& builds, const endpoints::Record& record);

// Creates what the endpoints of an older build need: slots with their learned addresses, closed until they are
// programmed. Returns those that may be programmed; the others are logged and unchanged.
Result<std::vector<endpoints::Record>> prepare_handover(const NodeLock& lock, datapath::Datapath& datapath,
                                                        const datapath::OtherBuild& older, const std::vector<endpoints::Record>& records);

// To be called when every endpoint that can be programmed has been. Removes older builds that enforce no endpoint any more.
// kTryAgain names the interfaces that an older build still enforces.
Result<> finish_handover(const NodeLock& lock, datapath::Datapath& datapath);

}  // namespace namegate::node
