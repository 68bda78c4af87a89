/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The limits and times that the BPF programs (C) and the runtime (C++) share. They are part of the layout in abi.h, which
 * includes this file, and are defined only here.
 */
#ifndef NG_ABI_LIMITS_H
#define NG_ABI_LIMITS_H

/* (default): a map size that namegate.yaml may change at load. */
#define NG_MAX_SLOTS 1024 /* endpoints on a node */
#define NG_NEAR_IFACES 4096 /* entries of `near_ifaces`, a power of two */
#define NG_MAX_RULES 1024 /* rules of one compiled policy, tier ends included */
#define NG_BITMAP_WORDS 16 /* NG_MAX_RULES / 64 */
#define NG_MAX_POLICIES 4096 /* compiled policies of a node */
#define NG_MAX_BITMAPS 65536 /* bitmaps of all compiled policies; index 0 is the empty bitmap */
#define NG_RULE_TABLE 65536 /* rules of all compiled policies */
#define NG_COUNTER_TABLE 16384 /* rule counters of all endpoints; those that find none left share index 0 */
#define NG_MAX_ENDPOINT_ADDRS 4 /* addresses of one endpoint */
#define NG_MAX_VERDICT_STEPS 32 /* Pass jumps and Log rules that one verdict follows */
#define NG_LEARNT_PATTERNS 8 /* patterns that can open one address of one endpoint at a time */
#define NG_LEARNT_PER_ENDPOINT 16384 /* (default) learnt addresses of one endpoint */
#define NG_FLOWS_PER_ENDPOINT 8192 /* (default) tracked flows of one endpoint */
#define NG_PENDING_SETS 256 /* pending queries of one endpoint: sets of NG_PENDING_WAYS */
#define NG_PENDING_WAYS 8
#define NG_PENDING_SECONDS 30 /* how long a query waits for its response */
#define NG_DNS_MAX_MESSAGE 1472 /* largest UDP response in bytes that the kernel parser accepts */
#define NG_DNS_MAX_ANSWERS 64 /* records of the answer section that it accepts */
#define NG_DNS_MAX_CHAIN 32 /* names of one chain, the query name included */
#define NG_DNS_STEP_BUDGET 384 /* labels and pointers that it follows in one message */
#define NG_NAME_MAX 256 /* a domain name on the wire, 255 bytes, and one spare byte */
#define NG_POD_SERVERS 3 /* DNS servers trusted for one endpoint only */
#define NG_MAX_DNS_PORTS 8 /* different ports of trusted servers */
#define NG_MAX_NEVER_OPENS 64 /* prefixes that no name opens */
#define NG_QUERY_TYPES 16 /* record types in dnsQueryTypes */
#define NG_ALWAYS_ALLOWED 32 /* names in dnsAlwaysAllowed */
#define NG_ASKED_SETS 32 /* names that an endpoint asked for lately: sets of NG_ASKED_WAYS */
#define NG_ASKED_WAYS 8
#define NG_NEW_NAMES_SECONDS 60 /* for which dnsNewNamesPerMinute counts */
#define NG_QUERY_STREAM_SETS                                                                                           \
	8 /* TCP connections of an endpoint to DNS servers that can be judged: sets of NG_QUERY_STREAM_WAYS */
#define NG_QUERY_STREAM_WAYS 4
#define NG_STREAM_MESSAGES 4 /* of such a connection, that the pod may repeat */
#define NG_QUERY_MAX 512 /* largest DNS query in bytes that can be judged */
#define NG_HELLO_MAX 16384 /* bytes of a connection that are kept until its TLS name is known; a power of two */
#define NG_HELLO_NAME_MAX 253 /* bytes of a server name */
#define NG_HELLO_RECORDS 64 /* TLS records that are followed in these bytes */
#define NG_HELLO_EXTENSIONS 96 /* of a ClientHello */
#define NG_HELLO_FLOWS 2048 /* connections of one endpoint whose TLS name is not known yet */
#define NG_HELLO_BUFFERS 999 /* such connections of the node that have sent data (default); 16 MiB */
#define NG_HELLO_BUFFERS_MAX 65000 /* the most that may be configured */
#define NG_HELLO_BUFFERS_OF_ONE 64 /* those of one endpoint, while at least half of the buffers are free */
#define NG_HELLO_BUFFERS_OF_ONE_SCARCE 8 /* otherwise */
#define NG_HELLO_PROBES 128 /* buffers of the node that an endpoint can use; a power of two */
#define NG_HELLO_SECONDS 10 /* without a byte, after which a connection loses its buffer */
#define NG_HELD_FRAMES 256 /* frames of one endpoint that may be with the daemon at a time */
#define NG_HELD_BYTES (256u << 10) /* bytes of the ring that they may reserve */
#define NG_HELD_SHARE 4 /* and at most 1/4 of the free bytes, so that every endpoint finds room */
#define NG_HELD_SMALL 1600 /* a frame reserves the smallest of three sizes that holds it; bytes */
#define NG_HELD_MIDDLE 9216
#define NG_HELD_FRAME_MAX 65600 /* the largest IP packet and its link header, in bytes */
#define NG_READER_TICKS 16 /* about 2 s, below any resolver's timeout: a daemon silent for longer counts as gone */
#define NG_JOIN_SETS 16 /* open chain ends of one endpoint: sets of NG_JOIN_WAYS */
#define NG_JOIN_WAYS 4
#define NG_FRAG_SETS 8 /* fragmented packets of an endpoint in one direction: sets of NG_FRAG_WAYS */
#define NG_FRAG_WAYS 8
#define NG_UNTRUSTED_PER_ENDPOINT 8 /* untrusted DNS servers remembered for one endpoint */
#define NG_UNTRUSTED_ENTRIES 4096 /* of all endpoints together */
#define NG_DENY_EVENTS_PER_TICK 16 /* denial events of one endpoint per tick; more are only counted */
#define NG_REJECTS_PER_TICK 128 /* denied packets of one endpoint answered per tick; more are only dropped */
#define NG_DNS_RING_BYTES (1u << 20) /* `dns_events`: responses for the name cache */
#define NG_DNS_RING_ROOMY (NG_DNS_RING_BYTES / 4) /* no endpoint is limited while no more than this is unread */
#define NG_DNS_BYTES_PER_TICK (32u << 10) /* bytes that one endpoint may otherwise add to `dns_events` in a tick */
#define NG_EVENT_RING_BYTES (256u << 10) /* `events` */
#define NG_FLOW_RING_BYTES (2u << 20) /* `flow_events` */
#define NG_FLOW_RING_ROOMY (NG_FLOW_RING_BYTES / 4) /* no endpoint is limited while no more than this is unread */
#define NG_FLOW_BYTES_PER_TICK (64u << 10) /* bytes that one endpoint may otherwise add to `flow_events` in a tick */
#define NG_HELD_RING_BYTES (4u << 20) /* `held` */

/* Idle times after which a flow has ended, in seconds: TCP after FIN or RST, other TCP, other protocols. */
#define NG_IDLE_CLOSING 10
#define NG_IDLE_TCP 86400
#define NG_IDLE_OTHER 180
#define NG_CUT_SECONDS 300 /* how long the tombstone of a flow that was cut remains */
#define NG_AHEAD_SECONDS 60 /* tolerated lead: a CPU that paused after reading the time may see later times */

/* A tick is boot_ns >> NG_TICK_SHIFT: about 0.134 s, 18 years in 32 bits. */
#define NG_TICK_SHIFT 27
/* A moment is boot_ns >> NG_MOMENT_SHIFT: about 1 ms, 52 days in 32 bits. */
#define NG_MOMENT_SHIFT 20
/* The time that a query waits is counted in 2^NG_WAIT_SHIFT ns: about 1 us, 73 minutes in 32 bits. */
#define NG_WAIT_SHIFT 10

#endif
