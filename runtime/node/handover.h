// SPDX-License-Identifier: Apache-2.0
//
// An upgrade to another layout of the maps, endpoint by endpoint (docs/upgrade.md): everything of an endpoint is made beside
// what the older build left, its policy is programmed, and only then its interface goes over. One that cannot be
// programmed stays with the older build, enforced as before. One thread.
#pragma once

#include <vector>

#include "base/result.h"
#include "datapath/loader.h"
#include "endpoints/record.h"
#include "node/node_lock.h"

namespace namegate::node {

// The one of these builds whose programs are on the endpoint's interface; null: none's.
Result<const datapath::OtherBuild*> enforced_by(const std::vector<datapath::OtherBuild>& builds, const endpoints::Record& record);

// Makes what the endpoints of an older build need beside: their slots with what they learnt, closed until they are
// programmed. Returns those that may be programmed; the others are logged and left alone.
Result<std::vector<endpoints::Record>> prepare_handover(const NodeLock& lock, datapath::Datapath& datapath,
                                                        const datapath::OtherBuild& older, const std::vector<endpoints::Record>& records);

// For when all that could be programmed is: removes what no endpoint needs any more. kTryAgain names the interfaces that
// are still an older build's.
Result<> finish_handover(const NodeLock& lock, datapath::Datapath& datapath);

}  // namespace namegate::node
