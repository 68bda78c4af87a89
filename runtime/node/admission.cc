// SPDX-License-Identifier: Apache-2.0
#include "node/admission.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"
#include "datapath/attach.h"
#include "datapath/reader.h"
#include "datapath/slots.h"
#include "endpoints/host_interface_alias.h"
#include "netlink/link.h"
#include "node/handover.h"

namespace namegate::node {

namespace {

using endpoints::Record;

void note(std::string_view step, const Result<>& result) {
    if (!result) {
        log::warning("cannot undo a failed admission of an endpoint", {log::kv("step", step), log::kv("error", result.error().message())});
    }
}

// The alias identifies an interface that an administrator renamed. Its programs must stay, or it would be open.
bool has_alias_of(const netlink::Link& link, const Record& record) {
    const std::optional<endpoints::InterfaceOwner> owner = endpoints::parse_alias(link.alias);
    return owner && owner->container_id == record.container_id && owner->ifname == record.ifname;
}

Result<std::optional<netlink::Link>> find_interface(netlink::Socket& socket, const Record& record) {
    auto link = netlink::find_link(socket, record.host_ifindex);
    if (!link) {
        if (link.error().code() == Code::kNotFound) {
            return std::optional<netlink::Link>();
        }
        return link.error();
    }
    // The kernel may have given the index to another interface meanwhile.
    if (link->name != record.host_ifname && !has_alias_of(*link, record)) {
        return std::optional<netlink::Link>();
    }
    return std::optional<netlink::Link>(std::move(link).value());
}

// Unbinds the endpoint's interface index, unless it is bound to another endpoint meanwhile.
Result<> unbind_own(datapath::Datapath& datapath, const Record& record) {
    NG_ASSIGN(const std::optional<ng_iface> bound, datapath::read_interface(datapath, record.host_ifindex));
    return bound && bound->endpoint == record.id ? datapath::unbind_interface(datapath, record.host_ifindex) : ok();
}

Result<> release_own_slot(datapath::Datapath& datapath, const Record& record) {
    NG_ASSIGN(const std::optional<std::uint32_t> owner, datapath::slot_owner(datapath, record.slot));
    return owner && *owner == record.id ? datapath::release_slot(datapath, record.slot) : ok();
}

Result<> attach_closed(datapath::Datapath& datapath, const Record& record) {
    NG_TRY(datapath::write_closed(datapath, identity_of(record)));
    NG_TRY(datapath::bind_interface(datapath, record.host_ifindex, identity_of(record)));
    NG_TRY(datapath::attach(datapath, record.host_ifname, record.host_ifindex));
    return ok();
}

// `former` is the record that is on disk now, or null. It is written again if the endpoint cannot be admitted.
Result<> admit(datapath::Datapath& datapath, const endpoints::RecordStore& store, Record& record, const Record* former) {
    UndoStack undo;
    NG_ASSIGN(record.id, datapath.next_endpoint_id());
    NG_ASSIGN(record.slot, datapath::acquire_slot(datapath, record.id));
    record.ready = false;
    undo.push([&datapath, &record] { note("slot", datapath::release_slot(datapath, record.slot)); });
    undo.push([&store, &record, former] {
        note("record", former != nullptr ? store.write(*former) : store.remove(record.container_id, record.ifname));
    });
    NG_TRY(store.write(record));
    undo.push([&datapath, &record] { note("interface", unbind_own(datapath, record)); });
    undo.push([&datapath, &record] { note("programs", datapath::detach(datapath, record.host_ifname, record.host_ifindex)); });
    NG_TRY(attach_closed(datapath, record));
    undo.dismiss();
    return ok();
}

// Corrects the kernel's state for one record. If the datapath was lost, the record gets a new id and slot. A record that
// cannot be repaired stays on disk for the next attempt.
Result<> repair(datapath::Datapath& datapath, const endpoints::RecordStore& store, Record& record, Reconciled& outcome) {
    NG_ASSIGN(const bool bound, is_bound(datapath, record));
    if (!bound) {
        NG_TRY(release_own_slot(datapath, record));
        const Record former = record;
        NG_TRY(admit(datapath, store, record, &former));
        outcome.repairs.push_back("attached " + record.host_ifname + " again as endpoint " + std::to_string(record.id));
        return ok();
    }
    NG_ASSIGN(const bool attached, datapath::is_attached(datapath, record.host_ifname, record.host_ifindex));
    if (!attached) {
        NG_TRY(datapath::attach(datapath, record.host_ifname, record.host_ifindex));
        outcome.repairs.push_back("attached the programs of " + record.host_ifname + " again");
    }
    return ok();
}

Result<> release_orphans(datapath::Datapath& datapath, Reconciled& outcome) {
    std::set<std::uint32_t> alive;
    std::set<std::uint32_t> alive_interfaces;
    for (const Record& record : outcome.records) {
        alive.insert(record.id);
        alive_interfaces.insert(record.host_ifindex);
    }
    NG_ASSIGN(const auto interfaces, datapath::read_interfaces(datapath));
    for (const auto& entry : interfaces) {
        if (alive.count(entry.second.endpoint) == 0 || alive_interfaces.count(entry.first) == 0) {
            NG_TRY(datapath::unbind_interface(datapath, entry.first));
            outcome.repairs.push_back("unbound interface number " + std::to_string(entry.first));
        }
    }
    NG_ASSIGN(const std::vector<datapath::SlotUse> used, datapath::used_slots(datapath));
    for (const datapath::SlotUse& use : used) {
        if (alive.count(use.endpoint) == 0) {
            NG_TRY(datapath::release_slot(datapath, use.slot));
            outcome.repairs.push_back("released slot " + std::to_string(use.slot));
        }
    }
    NG_ASSIGN(const std::vector<std::string> severed, datapath::remove_severed_links(datapath));
    for (const std::string& name : severed) {
        outcome.repairs.push_back("removed the links of " + name + ", which is gone");
    }
    return ok();
}

}  // namespace

datapath::EndpointIdentity identity_of(const Record& record) {
    return {record.id, record.slot, record.addresses, record.mac, !record.chained};
}

Result<bool> is_bound(datapath::Datapath& datapath, const Record& record) {
    NG_ASSIGN(const std::optional<std::uint32_t> owner, datapath::slot_owner(datapath, record.slot));
    NG_ASSIGN(const std::optional<ng_iface> bound, datapath::read_interface(datapath, record.host_ifindex));
    return owner && *owner == record.id && bound && bound->endpoint == record.id && bound->slot == record.slot;
}

Result<> admit_endpoint(const NodeLock& /*lock*/, datapath::Datapath& datapath, const endpoints::RecordStore& store, Record& record) {
    return admit(datapath, store, record, nullptr);
}

Result<> remove_endpoint(const NodeLock& /*lock*/, datapath::Datapath& datapath, const endpoints::RecordStore& store,
                         const Record& record) {
    NG_ASSIGN(netlink::Socket socket, netlink::Socket::open());
    NG_ASSIGN(const std::optional<netlink::Link> link, find_interface(socket, record));
    NG_TRY(unbind_own(datapath, record));
    if (!link || !record.chained) {
        NG_TRY(datapath::detach(datapath, record.host_ifname, link ? record.host_ifindex : 0));
    }
    NG_TRY(release_own_slot(datapath, record));
    return store.remove(record.container_id, record.ifname);
}

Result<Reconciled> reconcile(const NodeLock& lock, datapath::Datapath& datapath, const endpoints::RecordStore& store) {
    Reconciled outcome;
    NG_ASSIGN(const endpoints::RecordListing listing, store.list());
    for (const endpoints::BadRecord& bad : listing.bad) {
        outcome.repairs.push_back("kept " + bad.path + ", which cannot be read: " + bad.why);
    }
    NG_ASSIGN(netlink::Socket socket, netlink::Socket::open());
    std::map<const datapath::OtherBuild*, std::vector<Record>> of_older;
    for (Record record : listing.records) {
        NG_ASSIGN(const std::optional<netlink::Link> link, find_interface(socket, record));
        if (!link) {
            NG_TRY(remove_endpoint(lock, datapath, store, record));
            outcome.repairs.push_back("removed endpoint " + std::to_string(record.id) + ", whose interface " + record.host_ifname +
                                      " is gone");
            continue;
        }
        NG_ASSIGN(const datapath::OtherBuild* older, enforced_by(datapath.older(), record));
        if (older != nullptr) {
            of_older[older].push_back(std::move(record));
            continue;
        }
        if (const auto repaired = repair(datapath, store, record, outcome); !repaired) {
            outcome.repairs.push_back("could not repair " + record.host_ifname + ": " + repaired.error().message());
            // The kernel's state may belong to another endpoint: this one stays closed and must not be
            // programmed.
            if (const auto bound = is_bound(datapath, record); !bound || !*bound) {
                continue;
            }
        }
        outcome.records.push_back(std::move(record));
    }
    for (const auto& entry : of_older) {
        NG_ASSIGN(std::vector<Record> prepared, prepare_handover(lock, datapath, *entry.first, entry.second));
        std::move(prepared.begin(), prepared.end(), std::back_inserter(outcome.records));
    }
    // An unreadable record may belong to any endpoint, so nothing is certain to be an orphan.
    if (listing.bad.empty()) {
        NG_TRY(release_orphans(datapath, outcome));
    }
    return outcome;
}

Result<> release_leftovers(const NodeLock& /*lock*/, datapath::Datapath& datapath, const endpoints::RecordStore& store) {
    NG_ASSIGN(endpoints::RecordListing listing, store.list());
    if (!listing.bad.empty()) {
        return ok();  // as in reconcile(): nothing is certain to be an orphan
    }
    Reconciled outcome;
    outcome.records = std::move(listing.records);
    return release_orphans(datapath, outcome);
}

}  // namespace namegate::node
