/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Which DNS queries of an endpoint reach the network (dnsQueries). Part of the layout in abi.h, which includes this file.
 */
#ifndef NG_ABI_DNS_H
#define NG_ABI_DNS_H

/* `tails`: ng_tail -> program. Whoever loads the programs writes it. */
enum ng_tail { NG_TAIL_QUERY = 0, NG_TAIL_TLS_EGRESS = 1, NG_TAIL_TLS_INGRESS = 2, NG_TAILS };

/*
 * `always_names`: hash of a name, without the kind of a pattern id -> its labels, to confirm a hit byte by byte. Every endpoint
 * may ask for the name and all names below it (dnsAlwaysAllowed). Hash.
 */

/* `query_rules`: one entry, for all endpoints whose queries are judged. */
struct ng_query_rules {
	__u16 types[NG_QUERY_TYPES]; /* record types that may be asked for; unused: 0 */
	__u32 new_names; /* names that an endpoint may begin to ask for in a minute; 0: no limit */
	__u16 max_labels; /* of the names that are always allowed; 0: there are none */
	__u16 refusal; /* response code for a name that is not allowed */
};
NG_ABI_CHECK(struct ng_query_rules, 40);

/*
 * `asked_names`: names that an endpoint asked for lately, which are not new. Array of sets; index: slot * NG_ASKED_SETS + hash.
 * The hash includes the endpoint, so what another endpoint left in the slot matches nothing. A false hit saves one name of the
 * budget.
 */
struct ng_asked_set {
	__u64 name[NG_ASKED_WAYS]; /* seeded hash of the name and the endpoint, 0: free */
};
NG_ABI_CHECK(struct ng_asked_set, 64);

/*
 * `query_streams`: the TCP connections to DNS servers of an endpoint whose queries are judged. Array of sets; index:
 * slot * NG_QUERY_STREAM_SETS + hash. The hash includes the endpoint. A connection without an entry is reset when it sends data.
 */
struct ng_query_stream {
	__u64 connection; /* seeded hash of endpoint, addresses and ports, 0: free */
	__u64 state; /* sequence number of the next message, bit 32: the server confirmed where the stream begins, above:
			generation. Compared and swapped. */
	__u64 message[NG_STREAM_MESSAGES]; /* seeded hashes of the last messages with their places and the generation */
	__u32 messages; /* written to `message` so far */
	__u32 used; /* tick */
};
NG_ABI_CHECK(struct ng_query_stream, 56);
struct ng_query_stream_set {
	struct ng_query_stream way[NG_QUERY_STREAM_WAYS];
};
NG_ABI_CHECK(struct ng_query_stream_set, 224);

/*
 * `new_names`: slot -> the minute in progress and the new names in it: tick of its begin << 32 | number. One word, compared and
 * swapped, so that queries on several CPUs do not exceed the limit. Array.
 */

#endif
