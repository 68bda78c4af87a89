/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The limits and times that the BPF programs (C) and the runtime (C++) share; a part of the layout in abi.h, which
 * includes this. The only place where they are written down.
 */
#ifndef NG_ABI_LIMITS_H
#define NG_ABI_LIMITS_H

/* Those marked (default) are map sizes that namegate.yaml may change at load. */
#define NG_MAX_SLOTS 1024 /* endpoints on a node */
#define NG_NEAR_IFACES 4096 /* places by interface index, a power of two */
#define NG_MAX_RULES 1024 /* rules of one compiled policy, tier ends included */
#define NG_BITMAP_WORDS 16 /* NG_MAX_RULES / 64 */
#define NG_MAX_POLICIES 4096 /* compiled policies of a node */
#define NG_MAX_BITMAPS 65536 /* bitmaps of all compiled policies; index 0 is the empty bitmap */
#define NG_RULE_TABLE 65536 /* rules of all compiled policies */
#define NG_COUNTER_TABLE 16384 /* rule counters of all endpoints; index 0 is shared by who found no room */
#define NG_MAX_ENDPOINT_ADDRS 4 /* addresses of one endpoint */
#define NG_MAX_VERDICT_STEPS 32 /* Pass jumps and Log rules that one verdict follows */
#define NG_LEARNT_PATTERNS 8 /* patterns that can open one address of one endpoint at a time */
#define NG_LEARNT_PER_ENDPOINT 16384 /* (default) learnt addresses of one endpoint */
#define NG_FLOWS_PER_ENDPOINT 8192 /* (default) tracked flows of one endpoint */
#define NG_PENDING_SETS 256 /* pending questions: sets of NG_PENDING_WAYS */
#define NG_PENDING_WAYS 8
#define NG_PENDING_SECONDS 30 /* a question waits this long for its answer */
#define NG_DNS_MAX_MESSAGE 1472 /* bytes of a UDP answer that the kernel parser takes */
#define NG_DNS_MAX_ANSWERS 64 /* answer records it takes */
#define NG_DNS_MAX_CHAIN 32 /* names of one chain, the question's included */
#define NG_DNS_STEP_BUDGET 384 /* labels and pointers it follows in one message */
#define NG_NAME_MAX 256 /* a domain name on the wire: 255 bytes and a spare */
#define NG_POD_SERVERS 3 /* DNS servers that count for one endpoint alone */
#define NG_MAX_DNS_PORTS 8 /* different ports of trusted servers */
#define NG_MAX_NEVER_OPENS 64 /* prefixes of addresses that no name opens */
#define NG_HELD_FRAMES 256 /* frames of one endpoint that are with the daemon at a time */
#define NG_HELD_BYTES (256u << 10) /* what they reserve of the ring */
#define NG_HELD_SHARE 4 /* and at most this part of what is free of it, so that a newcomer always finds room */
#define NG_HELD_SMALL 1600 /* a frame reserves room of the first of three sizes that holds it */
#define NG_HELD_MIDDLE 9216
#define NG_HELD_FRAME_MAX 65600 /* bytes of one: the largest IP packet and its link header */
#define NG_READER_TICKS                                                                                                \
	16 /* a daemon that was not heard of for so long is away: about 2 s, less than any resolver waits */
#define NG_JOIN_SETS 16 /* names that an endpoint's chains wait for: sets of NG_JOIN_WAYS */
#define NG_JOIN_WAYS 4
#define NG_FRAG_SETS 8 /* fragmented packets of an endpoint in one direction: sets of NG_FRAG_WAYS */
#define NG_FRAG_WAYS 8
#define NG_UNTRUSTED_PER_ENDPOINT 8 /* untrusted DNS servers of one endpoint that are remembered */
#define NG_UNTRUSTED_ENTRIES 4096 /* of all endpoints together */
#define NG_DENY_EVENTS_PER_TICK 16 /* denial events of one endpoint in a tick; more are only counted */
#define NG_REJECTS_PER_TICK 128 /* denied packets of one endpoint that are answered in a tick; more are only dropped */
#define NG_DNS_RING_BYTES (1u << 20) /* `dns_events`: answers on their way to the name cache */
#define NG_EVENT_RING_BYTES (256u << 10) /* `events` */
#define NG_HELD_RING_BYTES (4u << 20) /* `held` */

/* A flow without packets for this long is over. Seconds; a TCP flow that saw FIN or RST, other TCP, the rest. */
#define NG_IDLE_CLOSING 10
#define NG_IDLE_TCP 86400
#define NG_IDLE_OTHER 180
#define NG_CUT_SECONDS 300 /* a flow that was cut stays dead this long */
#define NG_AHEAD_SECONDS 60 /* a CPU that was stopped in between finds times of others this much later than its own */

/* Coarse time: boot_ns >> NG_TICK_SHIFT, about 0.134 s a tick, 18 years in 32 bits. */
#define NG_TICK_SHIFT 27

#endif
