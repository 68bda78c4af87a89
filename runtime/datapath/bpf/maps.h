/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The maps of the datapath. Keys and values are described in abi.h. Sizes marked (default) there are set by
 * the loader. Maps that only the runtime reads and writes stand here too, so that one load makes them all.
 */
#ifndef NG_MAPS_H
#define NG_MAPS_H

#include "abi.h"

#define NG_MAP(name, kind, key_type, value_type, entries, flags)                                                       \
	struct {                                                                                                       \
		__uint(type, kind);                                                                                    \
		__type(key, key_type);                                                                                 \
		__type(value, value_type);                                                                             \
		__uint(max_entries, entries);                                                                          \
		__uint(map_flags, flags);                                                                              \
	} name SEC(".maps")

/* Who is behind an interface, and what applies to it. */
NG_MAP(ifaces, BPF_MAP_TYPE_HASH, __u32, struct ng_iface, NG_MAX_SLOTS * 2, 0);
NG_MAP(near_ifaces, BPF_MAP_TYPE_ARRAY, __u32, struct ng_near_iface, NG_NEAR_IFACES, 0);
NG_MAP(endpoints, BPF_MAP_TYPE_ARRAY, __u32, struct ng_endpoint, NG_MAX_SLOTS, 0);

/* Compiled policies. */
NG_MAP(cidr4, BPF_MAP_TYPE_LPM_TRIE, struct ng_cidr4_key, struct ng_cidr_value, 1 << 20, BPF_F_NO_PREALLOC);
NG_MAP(cidr6, BPF_MAP_TYPE_LPM_TRIE, struct ng_cidr6_key, struct ng_cidr_value, 1 << 20, BPF_F_NO_PREALLOC);
NG_MAP(ports, BPF_MAP_TYPE_LPM_TRIE, struct ng_port_key, __u32, 1 << 18, BPF_F_NO_PREALLOC);
NG_MAP(bitmaps, BPF_MAP_TYPE_ARRAY, __u32, struct ng_bitmap, NG_MAX_BITMAPS, 0);
NG_MAP(rules, BPF_MAP_TYPE_ARRAY, __u32, struct ng_rule, NG_RULE_TABLE, 0);
NG_MAP(patterns, BPF_MAP_TYPE_HASH, struct ng_pattern_key, struct ng_pattern_value, 1 << 20, BPF_F_NO_PREALLOC);
NG_MAP(suffixes, BPF_MAP_TYPE_HASH, __u64, struct ng_suffix, 1 << 19, BPF_F_NO_PREALLOC);

/* clang describes the value of an inner map in BTF only when something else mentions the whole type. */
const volatile struct ng_flow flow_layout = {};
const volatile struct ng_pending_set pending_layout = {};

/* What an endpoint learnt and does: one inner map a slot, so that no endpoint can push out another's. */
struct learnt_inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct ng_addr);
	__type(value, struct ng_learnt);
	__uint(max_entries, NG_LEARNT_PER_ENDPOINT);
	__uint(map_flags, BPF_F_NO_PREALLOC);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, NG_MAX_SLOTS);
	__array(values, struct learnt_inner);
} learnt SEC(".maps");

struct flows_inner {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct ng_flow_key);
	__type(value, struct ng_flow);
	__uint(max_entries, NG_FLOWS_PER_ENDPOINT);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, NG_MAX_SLOTS);
	__array(values, struct flows_inner);
} flows SEC(".maps");

struct pending_inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct ng_pending_set);
	__uint(max_entries, NG_PENDING_SETS);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__type(key, __u32);
	__uint(max_entries, NG_MAX_SLOTS);
	__array(values, struct pending_inner);
} pending SEC(".maps");

NG_MAP(frags, BPF_MAP_TYPE_ARRAY, __u32, struct ng_frag_set, NG_MAX_SLOTS * 2 * NG_FRAG_SETS, 0);
NG_MAP(joins, BPF_MAP_TYPE_ARRAY, __u32, struct ng_join_set, NG_MAX_SLOTS *NG_JOIN_SETS, 0);

/* What is held for the daemon, and whether there is one. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, NG_HELD_RING_BYTES);
} held SEC(".maps");
NG_MAP(held_taken, BPF_MAP_TYPE_ARRAY, __u32, struct ng_held_sum, NG_MAX_SLOTS, 0);
NG_MAP(held_done, BPF_MAP_TYPE_ARRAY, __u32, struct ng_held_sum, NG_MAX_SLOTS, 0);
NG_MAP(held_reader, BPF_MAP_TYPE_ARRAY, __u32, struct ng_reader, 1, 0);
NG_MAP(held_life, BPF_MAP_TYPE_PERF_EVENT_ARRAY, __u32, __u32, 1, 0);

/* The node. */
NG_MAP(trusted, BPF_MAP_TYPE_LPM_TRIE, struct ng_trusted_key, __u32, 1024, BPF_F_NO_PREALLOC);
/* Twice the limit: a new list is written before the old one goes. */
NG_MAP(never_opens, BPF_MAP_TYPE_LPM_TRIE, struct ng_never_key, __u32, NG_MAX_NEVER_OPENS * 2, BPF_F_NO_PREALLOC);
NG_MAP(config, BPF_MAP_TYPE_ARRAY, __u32, struct ng_config, 1, 0);

/* What the tools show. */
NG_MAP(untrusted, BPF_MAP_TYPE_LRU_HASH, struct ng_untrusted_key, struct ng_untrusted, NG_UNTRUSTED_ENTRIES, 0);
NG_MAP(stats, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, __u64, NG_MAX_SLOTS *NG_STATS_STRIDE, 0);
NG_MAP(counters, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct ng_counter, NG_COUNTER_TABLE, 0);
NG_MAP(deny_budget, BPF_MAP_TYPE_ARRAY, __u32, struct ng_deny_budget, NG_MAX_SLOTS, 0);
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, NG_DNS_RING_BYTES);
} dns_events SEC(".maps");
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, NG_EVENT_RING_BYTES);
} events SEC(".maps");

/* The runtime's own books. */
NG_MAP(meta, BPF_MAP_TYPE_ARRAY, __u32, struct ng_meta, 1, 0);
NG_MAP(slots, BPF_MAP_TYPE_ARRAY, __u32, struct ng_slot_state, NG_MAX_SLOTS, 0);
NG_MAP(policies, BPF_MAP_TYPE_HASH, __u32, struct ng_policy, NG_MAX_POLICIES, BPF_F_NO_PREALLOC);
NG_MAP(clock, BPF_MAP_TYPE_ARRAY, __u32, struct ng_clock, 1, 0);

#endif
