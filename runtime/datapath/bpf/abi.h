/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The layout that the BPF programs (C) and the runtime (C++) share: map keys, values, events, limits. It is defined
 * only here. Both sides check the size of every struct at compile time, and C++ also checks for padding bytes (a hash
 * key with padding never matches). Raise NG_ABI_VERSION with every change: the loader keeps the objects of each version
 * in a separate folder, and an upgrade moves the endpoints over one by one (docs/upgrade.md).
 *
 * Byte order: fields named be_* and all addresses are in network order, all other fields in host order.
 * Addresses are 16 bytes; IPv4 is ::ffff:a.b.c.d.
 */
#ifndef NG_ABI_H
#define NG_ABI_H

#include <linux/types.h>

#ifdef __cplusplus
#include <type_traits>
#define NG_ABI_CHECK(type, size)                                                                                       \
	static_assert(sizeof(type) == (size), #type ": size");                                                         \
	static_assert(std::is_trivially_copyable_v<type>, #type ": trivial");                                          \
	static_assert(std::has_unique_object_representations_v<type>, #type ": padding")
#else
#define NG_ABI_CHECK(type, size) _Static_assert(sizeof(type) == (size), #type ": size")
#endif

#define NG_ABI_VERSION 8

/*
 * The versions since which key, value and meaning of an endpoint's own maps have not changed. The meaning includes the
 * hash of names (ng_hash.h). After an upgrade from such a version the new programs use the maps of the old ones.
 */
#define NG_LEARNT_SINCE 2
#define NG_FLOWS_SINCE 2
#define NG_PENDING_SINCE 2

/* An endpoint's first generation. It depends on the version, so that no flow of another version has the same one. */
#define NG_FIRST_GENERATION (NG_ABI_VERSION * 0x1000000u)
/* Of a flow whose TLS name is not known yet (abi_tls.h). No configuration has it, so the fast path never admits the flow. */
#define NG_UNDECIDED_GENERATION 1u

#include "abi_limits.h"

enum ng_reason {
#define NG_REASON(enumerator, name, unit, help) enumerator,
#include "reasons.def"
#undef NG_REASON
	NG_R_COUNT
};
#define NG_STATS_STRIDE 48 /* counters of one endpoint in `stats`; index: slot * stride + reason */
#ifdef __cplusplus
static_assert(NG_R_COUNT <= NG_STATS_STRIDE, "an endpoint's counters need a wider stride");
#else
_Static_assert(NG_R_COUNT <= NG_STATS_STRIDE, "an endpoint's counters need a wider stride");
#endif

enum ng_direction_index { NG_EGRESS = 0, NG_INGRESS = 1 }; /* from the pod, to the pod */

enum ng_mode {
	NG_MODE_CLOSED = 0, /* only ARP and neighbour discovery pass */
	NG_MODE_ENFORCED = 1, /* at least one direction has a policy */
	NG_MODE_OPEN = 2, /* no policy selects the endpoint */
};

struct ng_addr {
	__u32 w[4];
};
NG_ABI_CHECK(struct ng_addr, 16);

/* `ifaces`: host interface index -> endpoint. Hash. Written at ADD, deleted at DEL. */
struct ng_iface {
	__u32 endpoint; /* endpoint id, not reused while the maps exist */
	__u32 slot; /* index into endpoints, flows, learnt, pending, stats */
};
NG_ABI_CHECK(struct ng_iface, 8);

/*
 * `near_ifaces`: the same, indexed by the low bits of the interface index. The first interface with these bits gets the
 * entry. Array: its lookup is a few inlined instructions, that of a hash is a call. An entry changes from free to one
 * interface and back, never from one interface to another.
 */
struct ng_near_iface {
	__u32 ifindex; /* 0: free */
	struct ng_iface iface;
	__u32 pad;
};
NG_ABI_CHECK(struct ng_near_iface, 16);

/* The rules for one direction of an endpoint. policy == 0: everything is allowed. */
#define NG_DIR_CIDR4 (1u << 0) /* the policy has IPv4 prefixes: look up cidr4; otherwise use any4 */
#define NG_DIR_CIDR6 (1u << 1) /* likewise IPv6 */
#define NG_DIR_SPORT (1u << 2) /* some rule has source ports */
#define NG_DIR_DOMAINS (1u << 3) /* some rule has domains: match names, look up learnt addresses */
#define NG_DIR_MID (1u << 4) /* some pattern has its wildcard in the middle */
#define NG_DIR_TLS (1u << 5) /* some rule binds connections to TLS names: `bound` is their bitmap */
struct ng_direction {
	__u32 policy; /* compiled policy id, not reused while the maps exist */
	__u32 rule_base; /* its first rule in `rules` */
	__u32 counter_base; /* this endpoint's first counter in `counters` */
	__u16 words; /* words in use of its bitmaps, 1..NG_BITMAP_WORDS */
	__u16 flags; /* NG_DIR_* */
	__u32 any4; /* bitmap of the rules that match every IPv4 address */
	__u32 any6;
	__u16 max_labels; /* labels of the longest domain pattern */
	__u16 n_rules;
	__u32 no_port; /* bitmap of the rules that constrain neither protocol nor port */
	__u32 bound; /* bitmap of the rules with NG_RULE_TLS */
};
NG_ABI_CHECK(struct ng_direction, 36);

/*
 * A Bloom filter of the domain patterns of a policy: the bit of each pattern's hash is set (of a.*.suffix: that of its
 * marker's). A name has a lookup for each of its suffixes; for those whose bit is not set there is nothing to look up.
 */
#define NG_FILTER_WORDS 4
struct ng_pattern_filter {
	__u32 words[NG_FILTER_WORDS];
};
NG_ABI_CHECK(struct ng_pattern_filter, 16);
#define NG_FILTER_WORD(hash) ((hash) >> 62) /* of a 64-bit hash */
#define NG_FILTER_BIT(hash) ((hash) >> 57 & 31)

#define NG_ENDPOINT_REJECT (1u << 0) /* answer denied packets (denyAction: Reject) */
#define NG_ENDPOINT_KEEP (1u << 1) /* keep flows that a changed policy denies (policyChange: Keep) */
#define NG_ENDPOINT_ROUTED (1u << 2) /* the node routes for it and discards frames to other hardware addresses */
#define NG_ENDPOINT_DNS_LOG                                                                                            \
	(1u << 3) /* count and report DNS queries that the next flag would refuse (dnsQueries: Log) */
#define NG_ENDPOINT_DNS_ALLOWED (1u << 4) /* DNS queries for allowed names only (dnsQueries: Allowed) */
struct ng_endpoint_config {
	__u32 endpoint; /* equals ng_iface.endpoint, or the packet is dropped */
	__u32 generation; /* rises when a direction changes: flows of another generation are judged again */
	__u8 mode; /* enum ng_mode */
	__u8 n_addrs;
	__u16 flags; /* NG_ENDPOINT_* */
	__u8 mac[6]; /* of the pod's interface; a frame with another source is spoofed; all zero: not checked */
	__u8 n_servers;
	__u8 pad;
	struct ng_direction direction[2]; /* by ng_direction_index */
	struct ng_addr addrs[NG_MAX_ENDPOINT_ADDRS];
	struct ng_addr servers[NG_POD_SERVERS]; /* trusted for this endpoint only, on port 53 */
	struct ng_pattern_filter filter; /* of the egress policy */
};
NG_ABI_CHECK(struct ng_endpoint_config, 220);

/*
 * `endpoints`: slot -> configuration. Array. The writer fills the version that is not active, then sets `active` in a
 * second update, so that a program sees either the old or the new configuration.
 */
struct ng_endpoint {
	__u32 active; /* 0 or 1 */
	__u32 pad;
	struct ng_endpoint_config version[2];
};
NG_ABI_CHECK(struct ng_endpoint, 448);

/* `cidr4`, `cidr6`: (policy, address) -> bitmaps. LPM trie; a prefix includes the bits of the shorter ones around it. */
struct ng_cidr4_key {
	__u32 prefix_len; /* 32 + length */
	__u32 policy;
	__u32 be_addr;
};
NG_ABI_CHECK(struct ng_cidr4_key, 12);
struct ng_cidr6_key {
	__u32 prefix_len; /* 32 + length */
	__u32 policy;
	struct ng_addr addr;
};
NG_ABI_CHECK(struct ng_cidr6_key, 24);
struct ng_cidr_value {
	__u32 match; /* bitmap: rules whose nets contain the address, and rules without a destination */
	__u32 exclude; /* bitmap: rules whose notNets contain it; names do not open it for these; 0: none */
};
NG_ABI_CHECK(struct ng_cidr_value, 8);

/* `ports`: (policy, which, protocol, port) -> u32 bitmap. LPM trie. For ICMP the port is type << 8 | code. */
enum ng_port_side { NG_PORT_DESTINATION = 0, NG_PORT_SOURCE = 1 };
struct ng_port_key {
	__u32 prefix_len; /* 32 (policy) + 8 (side) + 8 (protocol) + 0..16 (port); at least 40 */
	__u32 policy;
	__u8 side; /* enum ng_port_side */
	__u8 protocol; /* IP protocol number */
	__u8 port[2]; /* network order */
};
NG_ABI_CHECK(struct ng_port_key, 12);

/* `bitmaps`: index -> a set of rules; bit 0 of word 0 is the policy's first rule. Array. */
struct ng_bitmap {
	__u64 words[NG_BITMAP_WORDS];
};
NG_ABI_CHECK(struct ng_bitmap, 128);

/* `rules`: rule_base + number -> rule. Array. The last rule of a policy matches everything. */
enum ng_action { NG_ACT_DENY = 0, NG_ACT_ALLOW = 1, NG_ACT_PASS = 2, NG_ACT_LOG = 3 };
#define NG_RULE_VERIFY                                                                                                 \
	(1u << 0) /* a connection that the rule's domains admit is TLS with a matching server name, or not TLS */
#define NG_RULE_REQUIRE (1u << 1) /* it is TLS with a matching server name */
#define NG_RULE_QUIC (1u << 2) /* despite these flags, UDP to port 443 passes */
#define NG_RULE_TLS (NG_RULE_VERIFY | NG_RULE_REQUIRE)
struct ng_rule {
	__u8 action; /* enum ng_action */
	__u8 flags; /* NG_RULE_* */
	__u16 next; /* NG_ACT_PASS: number of the first rule of the next tier */
};
NG_ABI_CHECK(struct ng_rule, 4);
#define NG_NO_RULE 0xffff /* where the number of a rule is expected */

/* `counters`: counter_base + number -> counter. Per-CPU array. */
struct ng_counter {
	__u64 packets;
	__u64 flows;
};
NG_ABI_CHECK(struct ng_counter, 16);

/*
 * Domain patterns. The id of a pattern is the seeded hash of its wire-format labels (ng_hash.h), with the kind in the
 * two lowest bits. `patterns`: (policy, id) -> bitmap of the rules that have the pattern. Hash. `suffixes`: hash without
 * the kind -> the labels, to confirm a hit byte by byte. Hash.
 */
#define NG_PATTERN_EXACT 0u /* the name itself */
#define NG_PATTERN_WILD 1u /* *.suffix: one or more labels before the suffix */
#define NG_PATTERN_MID                                                                                                 \
	2u /* a.b.*.suffix (id: see ng_hash.h). The suffix's own hash with this kind is the id of
			       a marker, whose `bitmap` is a mask: bit n - 1: some pattern has n labels before its
			       wildcard (1..NG_MID_PREFIX_LABELS); NG_MID_DEEP: some pattern has more */
#define NG_MID_PREFIX_LABELS 4u
#define NG_MID_DEEP 0x80000000u
#define NG_PATTERN_KINDS 3u /* mask */
struct ng_pattern_key {
	__u64 id;
	__u32 policy;
	__u32 pad;
};
NG_ABI_CHECK(struct ng_pattern_key, 16);
struct ng_pattern_value {
	__u32 bitmap;
	__u32 pad;
};
NG_ABI_CHECK(struct ng_pattern_value, 8);
struct ng_suffix {
	__u8 labels[NG_NAME_MAX]; /* wire format, lower case, without the root label's zero byte; NG_PATTERN_MID: the
				     labels before the wildcard, then those after it */
	__u32 len; /* bytes in use of `labels` */
	__u32 prefix_len; /* those of them before the wildcard; 0 for the other kinds */
};
NG_ABI_CHECK(struct ng_suffix, 264);

/* `learnt`: slot -> inner hash {address -> ng_learnt}. An entry is replaced as a whole, never written in place. */
struct ng_learnt {
	__u64 pattern[NG_LEARNT_PATTERNS]; /* pattern ids, packed from 0 up to `count` */
	__u32 expiry[NG_LEARNT_PATTERNS]; /* tick until which that pattern opens new flows */
	struct ng_addr server; /* sender of the last response */
	__u16 be_server_port;
	__u8 count;
	__u8 pad;
	__u32 updated; /* tick of the last response */
};
NG_ABI_CHECK(struct ng_learnt, 120);

/* `flows`: slot -> inner LRU hash {ng_flow_key -> ng_flow}. */
#define NG_NOT_ECHO 0xffff
struct ng_flow_key {
	struct ng_addr remote;
	/* ICMP echo: the identifier in both ports; other ICMP: the type of the request, and NG_NOT_ECHO in the remote port;
	 * protocols without ports: 0 */
	__u16 be_local_port;
	__u16 be_remote_port;
	__u8 protocol;
	__u8 local; /* index of the endpoint's address */
	__u16 pad;
};
NG_ABI_CHECK(struct ng_flow_key, 24);
#define NG_FLOW_CUT (1u << 0) /* tombstone: a changed policy denied this flow */
#define NG_FLOW_CLOSING (1u << 1) /* FIN or RST was seen: the short idle time applies */
#define NG_FLOW_REPLIED (1u << 2) /* a packet of the other direction was seen */
#define NG_FLOW_NODE (1u << 3) /* the node started it: always allowed (E7) */
#define NG_FLOW_KEPT (1u << 4) /* kept although a changed policy denies it; no rule counts it */
#define NG_FLOW_FIN_SENT (1u << 5) /* FIN of the pod was seen */
#define NG_FLOW_FIN_RECEIVED (1u << 6) /* FIN to the pod was seen */
#define NG_FLOW_ENDED (1u << 7) /* its end was reported; what follows is not counted */
#define NG_FLOW_ICMP (1u << 16) /* in `icmp`: type and code are known */
/*
 * What a flow carried, by ng_direction_index. Not atomic: of two packets of one direction that two CPUs handle at the same
 * moment, one may not be counted.
 */
struct ng_flow_totals {
	__u64 ip_bytes[2]; /* of whole IP packets; an aggregated frame has the header of one */
	__u32 packets[2]; /* of an aggregated frame: its segments */
	__u32 started; /* boot_ns >> NG_MOMENT_SHIFT */
	__u32 pad;
};
NG_ABI_CHECK(struct ng_flow_totals, 32);
/* Since version 6 with `totals` at the end; the rest has not changed since version 2. */
struct ng_flow {
	__u64 pattern; /* pattern id that admitted it, 0 if none */
	__u32 generation; /* of the endpoint's configuration that judged it */
	__u32 last_seen; /* low 32 bits of jiffies */
	__u16 rule; /* number of the rule that admitted it */
	__u8 direction; /* enum ng_direction_index: of the first packet */
	__u8 flags; /* NG_FLOW_* */
	__u32 icmp; /* of the first packet: NG_FLOW_ICMP | type << 8 | code; 0: not ICMP, or stored before version 5 */
	struct ng_flow_totals totals;
};
NG_ABI_CHECK(struct ng_flow, 56);

/* `pending`: slot -> inner array of sets, indexed by a hash of client port and transaction id. */
struct ng_pending {
	struct ng_addr server;
	__u64 question; /* seeded hash of the question section, the name in lower case; 0: free */
	__u16 be_server_port;
	__u16 be_client_port;
	__u16 be_id;
	__u8 local; /* index of the endpoint's address */
	__u8 outstanding; /* queries seen minus responses seen */
	__u32 asked; /* tick of the last query */
	__u32 taken; /* moment of the claim, in 2^NG_WAIT_SHIFT ns; odd: exact. A CPU may write after it changed this value by
			compare-and-swap. Before version 6: how often the entry was claimed */
};
NG_ABI_CHECK(struct ng_pending, 40);
struct ng_pending_set {
	struct ng_pending way[NG_PENDING_WAYS];
};
NG_ABI_CHECK(struct ng_pending_set, 320);

/*
 * `frags`: admitted first fragments. The later fragments of the packet pass in the same way. Array of sets; index:
 * (slot * 2 + direction) * NG_FRAG_SETS + hash. Each entry is two words, which are read and written one at a time.
 */
enum ng_frag_way { NG_FRAG_ON = 0, NG_FRAG_HELD = 1, NG_FRAG_COPIED = 2 };
struct ng_frag {
	__u64 packet; /* seeded hash of endpoint, addresses, protocol and identification, 0: free */
	__u32 until; /* tick */
	__u16 bytes; /* of the first fragment: no later fragment may overlap it */
	__u16 way; /* enum ng_frag_way */
};
NG_ABI_CHECK(struct ng_frag, 16);
struct ng_frag_set {
	struct ng_frag way[NG_FRAG_WAYS];
};
NG_ABI_CHECK(struct ng_frag_set, 128);

/*
 * `joins`: names at which a response to the endpoint ended a chain without addresses. A response to such a name also
 * belongs to the names before it in the chain (D8). Array of sets; index: slot * NG_JOIN_SETS + hash. The seeded hash of
 * the name is enough: a false hit only sends a response through the daemon.
 */
struct ng_join {
	__u64 name; /* hash of all its labels, 0: free */
	__u32 endpoint;
	__u32 until; /* tick */
};
NG_ABI_CHECK(struct ng_join, 16);
struct ng_join_set {
	struct ng_join way[NG_JOIN_WAYS];
};
NG_ABI_CHECK(struct ng_join_set, 64);

/* `trusted`: (port, server prefix) -> u32; an entry means trusted. LPM trie. */
struct ng_trusted_key {
	__u32 prefix_len; /* 32 + 96 + IPv4 length, or 32 + IPv6 length */
	__u16 be_port;
	__u16 pad;
	struct ng_addr addr;
};
NG_ABI_CHECK(struct ng_trusted_key, 24);

/*
 * `never_opens`: (record type, prefix) -> u32; an entry means that no name opens it (D17). LPM trie. An AAAA record with an
 * IPv4-mapped address is looked up under both types.
 */
#define NG_TYPE_A 1
#define NG_TYPE_AAAA 28
struct ng_never_key {
	__u32 prefix_len; /* 32 + bits of the address; for an IPv4 prefix the bits include the 96 before it */
	__u32 type; /* NG_TYPE_A or NG_TYPE_AAAA */
	struct ng_addr addr;
};
NG_ABI_CHECK(struct ng_never_key, 24);

/*
 * `untrusted`: (endpoint, place) -> an untrusted DNS server that answered the endpoint from port 53. LRU hash. An endpoint
 * has at most NG_UNTRUSTED_PER_ENDPOINT entries; when they are full, the server heard longest ago is replaced. Endpoint
 * ids are not reused, so nothing touches the entries of a deleted endpoint, and the LRU evicts them first.
 */
struct ng_untrusted_key {
	__u32 endpoint;
	__u32 place;
};
NG_ABI_CHECK(struct ng_untrusted_key, 8);
struct ng_untrusted {
	struct ng_addr server;
	__u64 responses; /* datagrams and TCP segments with data */
	__u32 last; /* tick of the last one */
	__u32 pad;
};
NG_ABI_CHECK(struct ng_untrusted, 32);

/* `config`: one entry: settings that may change while the programs run. */
struct ng_config {
	__u16 be_dns_ports[NG_MAX_DNS_PORTS]; /* ports of trusted servers; unused: 0 */
	__u32 extra_ttl; /* seconds, D13 */
	__u32 min_ttl;
	__u32 max_ttl;
	__u32 pad;
};
NG_ABI_CHECK(struct ng_config, 32);

/* `wanted`: one entry: what somebody wants to read, NG_WANT_*. Only the daemon writes it, without the node lock. */
#define NG_WANT_BEGUN (1u << 0) /* NG_EVENT_FLOW */
#define NG_WANT_ENDED (1u << 1) /* NG_EVENT_ENDED */
#define NG_WANT_WAITS (1u << 2) /* `waited` of responses */
#define NG_WANT_NAMES (1u << 3) /* NG_EVENT_NAMED */
struct ng_wanted {
	__u32 events;
};
NG_ABI_CHECK(struct ng_wanted, 4);

/* `deny_budget`: slot -> what the endpoint used in this tick of what is limited by time. Array. */
struct ng_deny_budget {
	__u32 tick;
	__u32 sent; /* events */
	__u32 rejected; /* packets answered */
	__u32 dns_bytes; /* added to `dns_events` while it was not roomy */
	__u32 flow_bytes; /* added to `flow_events` while it was not roomy */
};
NG_ABI_CHECK(struct ng_deny_budget, 20);

/* `clock`: one entry, which the program clock_now fills. */
struct ng_clock {
	__u64 jiffies;
	__u64 boot_ns;
};
NG_ABI_CHECK(struct ng_clock, 16);

/*
 * `meta`: one entry, which only the runtime writes, under the node lock: the next numbers, the seed and the build. A later
 * version may add fields at the end but must not change the others: it reads what an earlier version wrote.
 */
struct ng_meta {
	__u32 abi_version;
	__u32 next_endpoint;
	__u32 next_policy;
	__u32 hz; /* jiffies per second, measured at load */
	__u64 seed; /* of all name hashes */
	__u32 held_mark; /* mark of the frames that the daemon puts back: random, drawn at load, secret */
	__u32 pad;
	__u64 build; /* id of the pinned programs; since version 3 */
};
NG_ABI_CHECK(struct ng_meta, 40);

/* `slots`: slot -> state. Array, runtime only. A spare slot has inner maps, which are empty. */
enum ng_slot_use { NG_SLOT_EMPTY = 0, NG_SLOT_SPARE = 1, NG_SLOT_USED = 2 };
struct ng_slot_state {
	__u32 use; /* enum ng_slot_use */
	__u32 endpoint;
};
NG_ABI_CHECK(struct ng_slot_state, 8);

/* `policies`: policy id -> description of a compiled policy. Hash, runtime only. */
struct ng_policy {
	__u64 content[2]; /* hash of the compiled rules: endpoints with equal rules share one policy */
	__u32 bitmap_base;
	__u32 n_bitmaps;
	__u32 n_cidrs;
	__u32 n_patterns;
	struct ng_direction direction; /* as in ng_endpoint_config, with counter_base 0 */
	struct ng_pattern_filter filter;
	__u32 pad;
};
NG_ABI_CHECK(struct ng_policy, 88);

#include "abi_dns.h"
#include "abi_tls.h"
#include "abi_events.h"

#endif
