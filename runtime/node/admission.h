// SPDX-License-Identifier: Apache-2.0
//
// How an endpoint enters and leaves the kernel, and how records and kernel are brought back together after
// somebody died in between: what the plugin and the daemon share. One thread.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/dns_servers.h"
#include "datapath/endpoint_writer.h"
#include "datapath/loader.h"
#include "endpoints/record_store.h"
#include "node/node_lock.h"

namespace namegate::node {

datapath::EndpointIdentity identity_of(const endpoints::Record& record);

// Gives the record an id and a slot, writes it, and attaches both programs, closed. Undone on failure.
Result<> admit_endpoint(const NodeLock& lock, datapath::Datapath& datapath, const endpoints::RecordStore& store, endpoints::Record& record);
// Everything that admit_endpoint() made; what is gone already is fine. An interface that another plugin made, and that
// is still there, keeps the programs: they drop everything from here on, until that plugin removes it. The pins that
// then lead nowhere are left to remove_severed_links().
Result<> evict_endpoint(const NodeLock& lock, datapath::Datapath& datapath, const endpoints::RecordStore& store,
                        const endpoints::Record& record);

struct Reconciled {
    std::vector<endpoints::Record> records;  // whose interfaces exist
    std::vector<std::string> repairs;        // what was put right, for the log
};
// Evicts endpoints whose interface is gone, takes back slots and links without a record, and attaches again
// what lost its programs (closed until it is programmed). Endpoints of an older build are prepared to come over.
Result<Reconciled> reconcile(const NodeLock& lock, datapath::Datapath& datapath, const endpoints::RecordStore& store);

// Takes back slots, bindings and links that no record speaks for: what an ADD leaves that died before it wrote one.
Result<> release_leftovers(const NodeLock& lock, datapath::Datapath& datapath, const endpoints::RecordStore& store);

// Trusted servers and TTL bounds, into the kernel.
Result<> apply_settings(const NodeLock& lock, datapath::Datapath& datapath, const config::Config& config,
                        const std::vector<config::NamedServer>& servers);

}  // namespace namegate::node
