// SPDX-License-Identifier: Apache-2.0
//
// Adds endpoints to the kernel, removes them, and reconciles the kernel with the records after a process died halfway. Shared by
// the plugin and the daemon. Owns nothing. One thread. Blocks on disk and kernel.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "datapath/endpoint_writer.h"
#include "datapath/loader.h"
#include "endpoints/record_store.h"
#include "node/node_lock.h"

namespace namegate::node {

datapath::EndpointIdentity identity_of(const endpoints::Record& record);

// Gives the record an id and a slot, writes it, and attaches both programs, with the endpoint closed. Undone on failure.
Result<> admit_endpoint(const NodeLock& lock, datapath::Datapath& datapath, const endpoints::RecordStore& store, endpoints::Record& record);
// Removes everything that admit_endpoint() made; missing parts are ignored. The interface of a chained endpoint, if it still
// exists, keeps the programs: they drop everything until the plugin that made the interface removes it. Their pins stay until
// remove_severed_links() is called after that.
Result<> remove_endpoint(const NodeLock& lock, datapath::Datapath& datapath, const endpoints::RecordStore& store,
                         const endpoints::Record& record);

// Whether the slot and the interface of this record are bound to it in the kernel. Ignores the programs.
Result<bool> is_bound(datapath::Datapath& datapath, const endpoints::Record& record);

struct Reconciled {
    std::vector<endpoints::Record> records;  // of endpoints whose interfaces exist
    std::vector<std::string> repairs;        // what was corrected, for the log
};
// Removes endpoints whose interface is gone, and releases slots and links without a record. Attaches missing programs again, with
// the endpoint closed until it is programmed. Prepares the endpoints of older builds for the handover.
Result<Reconciled> reconcile(const NodeLock& lock, datapath::Datapath& datapath, const endpoints::RecordStore& store);

// Releases slots, bindings and links without a record: an ADD leaves them if it dies before it writes the record.
Result<> release_leftovers(const NodeLock& lock, datapath::Datapath& datapath, const endpoints::RecordStore& store);

}  // namespace namegate::node
