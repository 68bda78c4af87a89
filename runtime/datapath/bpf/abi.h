/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The layout shared by the BPF programs (C) and the runtime (C++): map keys, values, events, limits.
 * The only place where it is written down. Every struct is checked at compile time on both sides for its
 * size and, in C++, for padding bytes (a hash key with padding never matches). Changing any of it means
 * raising NG_ABI_VERSION: the loader keeps the objects of each version in a folder of its own, and an upgrade hands
 * the endpoints over one by one (docs/upgrade.md).
 *
 * Byte order: fields named be_* and all addresses are in network order, the rest is the host's.
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

#define NG_ABI_VERSION 5

/*
 * What an upgrade carries over as it is: the version since which key, value and meaning of an endpoint's own maps have
 * not changed, the hash of names (ng_hash.h) among the meaning. The new programs then use the maps of the old ones.
 */
#define NG_LEARNT_SINCE 2
#define NG_FLOWS_SINCE 2
#define NG_PENDING_SINCE 2

/* An endpoint's generations begin here: no flow that the programs of another version admitted has one of ours. */
#define NG_FIRST_GENERATION (NG_ABI_VERSION * 0x1000000u)

#include "abi_limits.h"

enum ng_reason {
#define NG_REASON(enumerator, name, unit, help) enumerator,
#include "reasons.def"
#undef NG_REASON
	NG_R_COUNT
};
#define NG_STATS_STRIDE 32 /* counters reserved for an endpoint in `stats`: slot * stride + reason */
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
	__u32 endpoint; /* endpoint id: never reused while the maps live */
	__u32 slot; /* index into endpoints, flows, learnt, pending, stats */
};
NG_ABI_CHECK(struct ng_iface, 8);

/*
 * `near_ifaces`: the same by the low bits of the interface index, for the interfaces that came first to their place.
 * An array, whose lookup is a few instructions where that of a hash is a call. A place goes from free to one interface
 * and back, never from one to another.
 */
struct ng_near_iface {
	__u32 ifindex; /* 0: free */
	struct ng_iface iface;
	__u32 pad;
};
NG_ABI_CHECK(struct ng_near_iface, 16);

/* What one direction of an endpoint is judged by. policy == 0: everything is allowed. */
#define NG_DIR_CIDR4 (1u << 0) /* the policy has IPv4 prefixes: look into cidr4, else use any4 */
#define NG_DIR_CIDR6 (1u << 1) /* likewise IPv6 */
#define NG_DIR_SPORT (1u << 2) /* some rule looks at the source port */
#define NG_DIR_DOMAINS (1u << 3) /* some rule has domains: names are matched, learnt addresses looked up */
#define NG_DIR_MID (1u << 4) /* some pattern has its wildcard in the middle */
struct ng_direction {
	__u32 policy; /* compiled policy id, never reused while the maps live */
	__u32 rule_base; /* its first rule in `rules` */
	__u32 counter_base; /* this endpoint's first counter in `counters` */
	__u16 words; /* words of its bitmaps that are in use, 1..NG_BITMAP_WORDS */
	__u16 flags; /* NG_DIR_* */
	__u32 any4; /* bitmap of the rules that take every IPv4 destination */
	__u32 any6;
	__u16 max_labels; /* labels of the deepest domain pattern */
	__u16 n_rules;
	__u32 no_port; /* bitmap of the rules that constrain neither protocol nor port */
};
NG_ABI_CHECK(struct ng_direction, 32);

#define NG_ENDPOINT_REJECT (1u << 0) /* denied packets are answered (denyAction: Reject) */
#define NG_ENDPOINT_KEEP (1u << 1) /* flows that a changed policy denies go on (policyChange: Keep) */
#define NG_ENDPOINT_ROUTED (1u << 2) /* the node routes for it: a frame to another hardware address goes nowhere */
struct ng_endpoint_config {
	__u32 endpoint; /* must equal ng_iface.endpoint, else the packet is dropped */
	__u32 generation; /* raised whenever a direction changes: flows of another generation are judged anew */
	__u8 mode; /* enum ng_mode */
	__u8 n_addrs;
	__u16 flags; /* NG_ENDPOINT_* */
	__u8 mac[6]; /* of the pod's interface; frames with another source are spoofed; all zero: not checked */
	__u8 n_servers;
	__u8 pad;
	struct ng_direction direction[2]; /* by ng_direction_index */
	struct ng_addr addrs[NG_MAX_ENDPOINT_ADDRS];
	struct ng_addr servers[NG_POD_SERVERS]; /* trusted for this endpoint alone, on port 53 */
	__u32 pad2;
};
NG_ABI_CHECK(struct ng_endpoint_config, 200);

/*
 * `endpoints`: slot -> configuration, an array. The writer fills the version that is not active, then sets
 * `active` in a second update, so that a program sees the old or the new one, never a mixture.
 */
struct ng_endpoint {
	__u32 active; /* 0 or 1 */
	__u32 pad;
	struct ng_endpoint_config version[2];
};
NG_ABI_CHECK(struct ng_endpoint, 408);

/* `cidr4`, `cidr6`: (policy, address) -> bitmaps. LPM trie; the longest prefix carries its ancestors' bits. */
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
	__u32 match; /* bitmap: rules whose nets hold the address (or that have no destination) */
	__u32 exclude; /* bitmap: rules whose notNets hold it, to be taken off the learnt bits; 0 = none */
};
NG_ABI_CHECK(struct ng_cidr_value, 8);

/* `ports`: (policy, which, protocol, port) -> u32 bitmap. LPM trie. For ICMP the port is type << 8 | code. */
enum ng_port_side { NG_PORT_DESTINATION = 0, NG_PORT_SOURCE = 1 };
struct ng_port_key {
	__u32 prefix_len; /* 32 policy, +8 side, +8 protocol, +0..16 port; always at least 40 */
	__u32 policy;
	__u8 side; /* enum ng_port_side */
	__u8 protocol; /* IP protocol number */
	__u8 port[2]; /* network order */
};
NG_ABI_CHECK(struct ng_port_key, 12);

/* `bitmaps`: index -> rules as bits, bit 0 of word 0 is the policy's first rule. Array. */
struct ng_bitmap {
	__u64 words[NG_BITMAP_WORDS];
};
NG_ABI_CHECK(struct ng_bitmap, 128);

/* `rules`: rule_base + number -> rule. Array. The last rule of a policy matches everything. */
enum ng_action { NG_ACT_DENY = 0, NG_ACT_ALLOW = 1, NG_ACT_PASS = 2, NG_ACT_LOG = 3 };
struct ng_rule {
	__u8 action; /* enum ng_action */
	__u8 flags;
	__u16 next; /* NG_ACT_PASS: number of the first rule of the next tier */
};
NG_ABI_CHECK(struct ng_rule, 4);

/* `counters`: counter_base + number -> counter. Per-CPU array. */
struct ng_counter {
	__u64 packets;
	__u64 flows;
};
NG_ABI_CHECK(struct ng_counter, 16);

/*
 * Domain patterns. A pattern is known by its id: the seeded hash of its wire-format labels (ng_hash.h),
 * with the kind in the two lowest bits. `patterns`: (policy, id) -> bitmap of the rules it opens. Hash.
 * `suffixes`: hash without kind -> the labels themselves, so that a hit is confirmed byte by byte. Hash.
 */
#define NG_PATTERN_EXACT 0u /* the name itself */
#define NG_PATTERN_WILD 1u /* *.suffix: one or more labels before the suffix */
#define NG_PATTERN_MID                                                                                                 \
	2u /* a.b.*.suffix (id: see ng_hash.h). Besides, under the suffix's own hash with this kind,
			       a marker whose `bitmap` is a mask: bit n - 1 set = some pattern has n labels before
			       its wildcard (1..NG_MID_PREFIX_LABELS), NG_MID_DEEP = some pattern has more */
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
	__u32 len; /* bytes of labels in use */
	__u32 prefix_len; /* of these, before the wildcard; 0 for the other kinds */
};
NG_ABI_CHECK(struct ng_suffix, 264);

/* `learnt`: slot -> inner hash {address -> ng_learnt}. Replaced as a whole, never written in place. */
struct ng_learnt {
	__u64 pattern[NG_LEARNT_PATTERNS]; /* pattern ids, packed from 0 up to `count` */
	__u32 expiry[NG_LEARNT_PATTERNS]; /* tick until which new flows are opened by that pattern */
	struct ng_addr server; /* who answered last */
	__u16 be_server_port;
	__u8 count;
	__u8 pad;
	__u32 updated; /* tick of the last answer */
};
NG_ABI_CHECK(struct ng_learnt, 120);

/* `flows`: slot -> inner LRU hash {ng_flow_key -> ng_flow}. */
#define NG_NOT_ECHO 0xffff
struct ng_flow_key {
	struct ng_addr remote;
	__u16 be_local_port; /* ICMP echo: the identifier on both sides; other ICMP: the type of the request, and NG_NOT_ECHO; no ports: 0 */
	__u16 be_remote_port;
	__u8 protocol;
	__u8 local; /* index of the endpoint's address */
	__u16 pad;
};
NG_ABI_CHECK(struct ng_flow_key, 24);
#define NG_FLOW_CUT (1u << 0) /* tombstone: a changed policy denied this flow */
#define NG_FLOW_CLOSING (1u << 1) /* FIN or RST was seen: a short idle time ends it */
#define NG_FLOW_REPLIED (1u << 2) /* a packet came back */
#define NG_FLOW_NODE (1u << 3) /* the node itself began it: always allowed (E7) */
#define NG_FLOW_KEPT (1u << 4) /* denied by a changed policy, and kept: no rule's packets (policyChange: Keep) */
#define NG_FLOW_ICMP (1u << 16) /* in `icmp`: it is known */
struct ng_flow {
	__u64 pattern; /* pattern id that admitted it, 0 if none */
	__u32 generation; /* of the endpoint's configuration that judged it */
	__u32 last_seen; /* low 32 bits of jiffies */
	__u16 rule; /* number of the rule that admitted it */
	__u8 direction; /* enum ng_direction_index: who began */
	__u8 flags; /* NG_FLOW_* */
	__u32 icmp; /* of the packet that began it: NG_FLOW_ICMP | type << 8 | code; 0: not ICMP, or of before version 5 */
};
NG_ABI_CHECK(struct ng_flow, 24);

/* `pending`: slot -> inner array of sets, found by client port and transaction id. */
struct ng_pending {
	struct ng_addr server;
	__u64 question; /* seeded hash of the question section, the name in lower case; 0: free */
	__u16 be_server_port;
	__u16 be_client_port;
	__u16 be_id;
	__u8 local; /* index of the endpoint's address */
	__u8 outstanding; /* questions asked less answers seen */
	__u32 asked; /* tick of the last question */
	__u32 taken; /* how often the place was taken: who raises it from what he saw may write */
};
NG_ABI_CHECK(struct ng_pending, 40);
struct ng_pending_set {
	struct ng_pending way[NG_PENDING_WAYS];
};
NG_ABI_CHECK(struct ng_pending_set, 320);

/*
 * `frags`: admitted first fragments, so that the rest may follow them, on the same way. Array of sets, (slot * 2 +
 * direction) * NG_FRAG_SETS + hash. Each entry is two words, so that a program never reads half of one.
 */
enum ng_frag_way { NG_FRAG_ON = 0, NG_FRAG_HELD = 1, NG_FRAG_COPIED = 2 };
struct ng_frag {
	__u64 packet; /* seeded hash of endpoint, addresses, protocol and identification, 0: free */
	__u32 until; /* tick */
	__u16 bytes; /* of the first fragment: no later one may begin before its end */
	__u16 way; /* enum ng_frag_way */
};
NG_ABI_CHECK(struct ng_frag, 16);
struct ng_frag_set {
	struct ng_frag way[NG_FRAG_WAYS];
};
NG_ABI_CHECK(struct ng_frag_set, 128);

/*
 * `joins`: names at the end of a chain that an answer to the endpoint left open, and whose own answer therefore
 * belongs to the names before them (D8). Array of sets, slot * NG_JOIN_SETS + hash. A false hit costs the way through
 * the daemon, nothing else, so the seeded hash of the name is enough.
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

/* `trusted`: (port, server prefix) -> u32, present = trusted. LPM trie. */
struct ng_trusted_key {
	__u32 prefix_len; /* 32 + 96 + IPv4 length, or 32 + IPv6 length */
	__u16 be_port;
	__u16 pad;
	struct ng_addr addr;
};
NG_ABI_CHECK(struct ng_trusted_key, 24);

/*
 * `never_opens`: (type of the record, prefix) -> u32, present = no name opens it (D17). LPM trie. An AAAA record with an
 * IPv4-mapped address is looked up under both types.
 */
#define NG_TYPE_A 1
#define NG_TYPE_AAAA 28
struct ng_never_key {
	__u32 prefix_len; /* 32 + bits of the address, an IPv4 prefix's counted with the 96 before it */
	__u32 type; /* NG_TYPE_A or NG_TYPE_AAAA */
	struct ng_addr addr;
};
NG_ABI_CHECK(struct ng_never_key, 24);

/*
 * `untrusted`: (endpoint, place) -> a DNS server that is not trusted and answered the endpoint from port 53. LRU hash. An
 * endpoint has NG_UNTRUSTED_PER_ENDPOINT places, whatever it asks; when all are taken, the server goes that was heard
 * longest ago. Endpoint ids are never reused, so what one that is gone left is nobody's, and the first to be pushed out.
 */
struct ng_untrusted_key {
	__u32 endpoint;
	__u32 place;
};
NG_ABI_CHECK(struct ng_untrusted_key, 8);
struct ng_untrusted {
	struct ng_addr server;
	__u64 responses; /* datagrams, and TCP segments with data */
	__u32 last; /* tick of the last one */
	__u32 pad;
};
NG_ABI_CHECK(struct ng_untrusted, 32);

/* `config`: one entry, settings that may change while programs run. */
struct ng_config {
	__u16 be_dns_ports[NG_MAX_DNS_PORTS]; /* ports of trusted servers; unused: 0 */
	__u32 extra_ttl; /* seconds, D13 */
	__u32 min_ttl;
	__u32 max_ttl;
	__u32 pad;
};
NG_ABI_CHECK(struct ng_config, 32);

/* `deny_budget`: slot -> what denials have cost in this tick. Array. */
struct ng_deny_budget {
	__u32 tick;
	__u32 sent; /* events */
	__u32 rejected; /* answers */
	__u32 pad;
};
NG_ABI_CHECK(struct ng_deny_budget, 16);

/* `clock`: one entry, filled by running the program clock_now. */
struct ng_clock {
	__u64 jiffies;
	__u64 boot_ns;
};
NG_ABI_CHECK(struct ng_clock, 16);

/*
 * `meta`: one entry, written by the runtime under the node lock only: who owns which numbers. A later version may add
 * fields at the end, and changes none: it reads what an earlier one wrote.
 */
struct ng_meta {
	__u32 abi_version;
	__u32 next_endpoint;
	__u32 next_policy;
	__u32 hz; /* jiffies a second, measured at load */
	__u64 seed; /* of all name hashes */
	__u32 held_mark; /* of frames that the daemon puts back: drawn at load, known to nobody else */
	__u32 pad;
	__u64 build; /* of the programs that are pinned; since version 3 */
};
NG_ABI_CHECK(struct ng_meta, 40);

/* `slots`: slot -> state. Array, runtime only. A spare slot has its inner maps made, and empty. */
enum ng_slot_use { NG_SLOT_EMPTY = 0, NG_SLOT_SPARE = 1, NG_SLOT_USED = 2 };
struct ng_slot_state {
	__u32 use; /* enum ng_slot_use */
	__u32 endpoint;
};
NG_ABI_CHECK(struct ng_slot_state, 8);

/* `policies`: policy id -> catalogue entry of a compiled policy. Hash, runtime only. */
struct ng_policy {
	__u64 content[2]; /* hash of what was compiled: equal content shares one policy */
	__u32 bitmap_base;
	__u32 n_bitmaps;
	__u32 n_cidrs;
	__u32 n_patterns;
	struct ng_direction direction; /* as endpoints use it, with counter_base 0 */
};
NG_ABI_CHECK(struct ng_policy, 64);

/* Events in the ring buffers: a header, then `payload` bytes. */
enum ng_event_kind {
	NG_EVENT_ANSWER = 1, /* `dns_events`: payload is the DNS message */
	NG_EVENT_UNPARSED = 2, /* `dns_events`: the same, and the kernel parser did not decide it */
	NG_EVENT_DENIED = 3, /* `events`: no payload */
	NG_EVENT_LOGGED = 4, /* `events`: a Log rule matched */
	NG_EVENT_CUT = 5, /* `events`: a flow was cut by a policy change */
	NG_EVENT_LIMIT = 6, /* `dns_events`: `reason` says which limit; payload is the DNS message it befell */
};
struct ng_event {
	__u64 boot_ns;
	__u32 endpoint;
	__u16 kind; /* enum ng_event_kind */
	__u16 payload; /* bytes that follow */
	struct ng_addr remote; /* the peer; for answers the server */
	__u16 be_remote_port;
	__u16 be_local_port;
	__u8 protocol;
	__u8 direction; /* enum ng_direction_index */
	__u16 rule;
	__u16 reason; /* enum ng_reason */
	__u16 learnt; /* answers: addresses put into the learnt map */
	__u32 ifindex;
};
NG_ABI_CHECK(struct ng_event, 48);

/*
 * `held`: ring buffer of frames that only the daemon can judge. A header, then `length` bytes from the link header on.
 * A frame that waits was taken from the pod's way and reaches it when the daemon puts it back; of the others this is a
 * copy.
 */
struct ng_held {
	__u64 boot_ns;
	__u32 endpoint;
	__u32 slot;
	__u32 ifindex; /* the host interface */
	__u32 length;
	__u16 gso_size; /* payload of each segment of a frame that is many; 0: it is one */
	__u8 waits;
	__u8 direction; /* enum ng_direction_index */
	__u32 reserved; /* bytes of the ring, for `held_done` */
	__u32 lost; /* low half of the endpoint's ng_held_sum.lost when this frame was taken */
	__u32 pad;
};
NG_ABI_CHECK(struct ng_held, 40);

/*
 * What an endpoint's frames in `held` come to, since the maps live: `held_taken` is counted by the programs, `held_done`
 * by the daemon; what is between is with the daemon. Arrays by slot.
 */
struct ng_held_sum {
	__u64 frames;
	__u64 bytes; /* reserved in the ring */
	__u64 lost; /* `held_taken`: frames that the daemon should have seen and did not */
};
NG_ABI_CHECK(struct ng_held_sum, 24);

/*
 * Is there a daemon? `held_life` is an array of perf events with one entry that the daemon put there: it is gone with
 * the descriptor it was put through, so at the moment the daemon dies. `held_reader` tells one that is slow: the tick at
 * which its loop last came round, 0: it is going.
 */
struct ng_reader {
	__u32 tick;
};
NG_ABI_CHECK(struct ng_reader, 4);

#endif
