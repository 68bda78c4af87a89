// SPDX-License-Identifier: Apache-2.0
#include "census.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "base/file.h"
#include "datapath/loader.h"
#include "datapath/map.h"
#include "datapath/slots.h"

namespace namegate::test {

namespace {

using datapath::MapId;

constexpr unsigned kLockMs = 10000;

template <typename T>
T must(Result<T> result) {
    if (!result) {
        throw std::runtime_error(result.error().message());
    }
    return std::move(result).value();
}

long number_of(const std::string& command) { return std::stol(must_run("{ " + command + "; } | wc -l")); }

long memory_of(pid_t pid) {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    std::string word;
    while (status >> word) {
        if (word == "RssAnon:") {
            long kib = 0;
            status >> kib;
            return kib;
        }
    }
    throw std::runtime_error("the daemon is gone");
}

// Entries of a table.
long entries_of(int map) {
    long count = 0;
    must(datapath::raw::for_each_batch(
        map, [&count](const std::uint8_t*, const std::uint8_t*, std::size_t some) { count += static_cast<long>(some); }));
    return count;
}

// Entries of an array that are not all zeros.
template <typename V>
long filled_of(int map) {
    long count = 0;
    const V empty{};
    must(datapath::map_for_each<std::uint32_t, V>(
        map, [&](std::uint32_t, const V& value) { count += std::memcmp(&value, &empty, sizeof value) == 0 ? 0 : 1; }));
    return count;
}

// Slots that say anything of an endpoint. A slot keeps its last generation, which is never used again.
long endpoints_of(int map) {
    long count = 0;
    must(datapath::map_for_each<std::uint32_t, ng_endpoint>(map, [&count](std::uint32_t, ng_endpoint endpoint) {
        endpoint.version[endpoint.active & 1].generation = 0;
        const ng_endpoint empty{};
        count += std::memcmp(&endpoint, &empty, sizeof endpoint) == 0 ? 0 : 1;
    }));
    return count;
}

void count_maps(datapath::Datapath& datapath, Census& census) {
    for (const MapId id : {MapId::kIfaces, MapId::kCidr4, MapId::kCidr6, MapId::kPorts, MapId::kPatterns, MapId::kSuffixes, MapId::kTrusted,
                           MapId::kPolicies}) {
        census.emplace_back(std::string("map ") + map_name(id), entries_of(must(datapath.map(id))));
    }
    census.emplace_back("map near_ifaces", filled_of<ng_near_iface>(must(datapath.map(MapId::kNearIfaces))));
    census.emplace_back("map endpoints", endpoints_of(must(datapath.map(MapId::kEndpoints))));
    census.emplace_back("slots in use", static_cast<long>(must(datapath::used_slots(datapath)).size()));
    for (const MapId outer : {MapId::kLearnt, MapId::kFlows, MapId::kPending}) {
        long maps = 0;
        long entries = 0;
        for (std::uint32_t slot = 0; slot < NG_MAX_SLOTS; ++slot) {
            const auto inner = datapath.inner_map(outer, slot);
            maps += inner ? 1 : 0;
            if (inner) {
                entries += outer == MapId::kPending ? filled_of<ng_pending_set>(inner->get()) : entries_of(inner->get());
            }
        }
        census.emplace_back(std::string("inner maps of ") + map_name(outer), maps);
        census.emplace_back(std::string("entries in them, ") + map_name(outer), entries);
    }
}

}  // namespace

Census take_census(Node& node) {
    Census census;
    const std::string folder = node.folder();
    census.emplace_back("interfaces", number_of("ip -o link"));
    census.emplace_back("routes", number_of("ip route; ip -6 route"));
    census.emplace_back("network namespaces", number_of("ip netns list"));
    census.emplace_back("nft rules", number_of("nft list ruleset | grep pod-"));
    census.emplace_back("endpoint records", number_of("find " + folder + "/state/endpoints -type f"));
    census.emplace_back("address leases", number_of("find " + folder + "/ipam -type f ! -name 'last_reserved*' ! -name lock"));
    census.emplace_back("pins", number_of("find " + node.bpffs() + " -type f"));
    const auto lock = must(FileLock::acquire(folder + "/state/lock", kLockMs));
    datapath::DatapathOptions options;
    options.bpffs_dir = node.bpffs();
    count_maps(*must(datapath::Datapath::open(options)), census);
    const std::string pid = std::to_string(node.daemon()->pid());
    const std::string descriptors = "find /proc/" + pid + "/fd -type l -printf '%l\\n' | grep ";
    census.emplace_back(kDaemonPins, number_of(descriptors + "'bpf-[mp]'"));
    census.emplace_back("daemon's other descriptors", number_of(descriptors + "-v 'bpf-[mp]'"));
    census.emplace_back("daemon's threads", number_of("ls /proc/" + pid + "/task"));
    census.emplace_back(kDaemonMemory, memory_of(node.daemon()->pid()));
    return census;
}

void print_censuses(const Census& before, const Census& after) {
    std::printf("%-32s %10s %10s\n", "left on the node", "before", "after");
    for (std::size_t i = 0; i < before.size(); ++i) {
        std::printf("%-32s %10ld %10ld\n", before[i].first.c_str(), before[i].second, after[i].second);
    }
}

}  // namespace namegate::test
