/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * DNS queries over TCP, for allowed names only (D19). Each segment is judged by itself: it passes if it consists of whole
 * messages that may reach the network. So that the server cannot read other messages from the same bytes, each byte of the
 * stream belongs to one message:
 *   - The stream begins after the pod's latest SYN, once the server's SYN-ACK acknowledges exactly that.
 *   - A message begins where the last one ended, or is a repetition, byte by byte, of one of the last few.
 *   - No data on a SYN or RST, and no urgent data, which the server would take out of the stream.
 * A message that is not whole is dropped: the pod's TCP joins its parts when it repeats them. A connection that cannot be
 * judged, or asks for what is not allowed, is reset. Two CPUs that handle segments of one connection agree by compare-and-swap of
 * its state; the segment of the other one is dropped, and is repeated.
 */
#ifndef NG_DNS_QUERY_STREAM_H
#define NG_DNS_QUERY_STREAM_H

#include "dns_query.h"

#define NG_STREAM_CONFIRMED (1ULL << 32) /* in ng_query_stream.state */
#define NG_STREAM_GENERATION (2ULL << 32)
#define NG_TCP_URG 0x20
#define NG_SEGMENT_MESSAGES 4 /* of one segment */
#define NG_LENGTH_BYTES 2 /* before each message */

enum ng_next_message { NG_MESSAGE_NEW, NG_MESSAGE_REPEATED, NG_MESSAGE_UNJUDGED };

static __always_inline __u64 connection_of(const struct ng_packet *p, __u32 endpoint)
{
	__u64 hash = name_seed;

	hash = ng_hash_word(hash, (__u64)p->key.remote.w[0] << 32 | p->key.remote.w[1]);
	hash = ng_hash_word(hash, (__u64)p->key.remote.w[2] << 32 | p->key.remote.w[3]);
	hash = ng_hash_word(hash, (__u64)p->key.be_local_port << 32 | (__u32)p->key.be_remote_port << 8 | p->key.local);
	return ng_hash_mix(hash, endpoint) | 1;
}

static __always_inline struct ng_query_stream_set *stream_set(__u32 slot, __u64 connection)
{
	__u32 index = slot * NG_QUERY_STREAM_SETS + ((__u32)(connection >> 32) & (NG_QUERY_STREAM_SETS - 1));

	return bpf_map_lookup_elem(&query_streams, &index);
}

/* The connection's entry; null: it has none. */
static __always_inline struct ng_query_stream *find_stream(__u32 slot, __u64 connection)
{
	struct ng_query_stream_set *set = stream_set(slot, connection);

	for (int i = 0; set && i < NG_QUERY_STREAM_WAYS; i++)
		if (set->way[i].connection == connection)
			return &set->way[i];
	return 0;
}

/* Begins the stream behind a SYN: in the connection's entry, else in the one that was used longest ago. */
static __always_inline void begin_stream(__u32 slot, __u64 connection, __u32 next, __u32 now)
{
	struct ng_query_stream_set *set = stream_set(slot, connection);
	__u32 oldest_age = 0;
	__u32 place = 0;

	if (!set)
		return;
	for (__u32 i = 0; i < NG_QUERY_STREAM_WAYS; i++) {
		__u32 age = now - set->way[i].used + NG_AHEAD_TICKS;

		if (set->way[i].connection == connection) {
			place = i;
			break;
		}
		if (age > oldest_age) {
			oldest_age = age;
			place = i;
		}
	}
	struct ng_query_stream *stream = &set->way[place & (NG_QUERY_STREAM_WAYS - 1)];
	__u64 before = *(volatile __u64 *)&stream->state;
	/* A repeated SYN changes nothing. */
	if (stream->connection == connection && (__u32)before == next)
		return;
	stream->connection = 0;
	stream->state = ((before & ~0xffffffffULL & ~NG_STREAM_CONFIRMED) + NG_STREAM_GENERATION) | next;
	stream->used = now;
	stream->connection = connection;
}

/* A SYN-ACK of a trusted server to the pod. Global, so that it is verified once, on its own. */
int confirm_stream(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config,
		   __u32 slot)
{
	__u32 be_acknowledged;

	if (!p || !config || bpf_skb_load_bytes(skb, p->transport + 8, &be_acknowledged, 4))
		return 0;
	struct ng_query_stream *stream = find_stream(slot, connection_of(p, config->endpoint));
	if (!stream)
		return 0;
	__u64 before = *(volatile __u64 *)&stream->state;
	if ((__u32)before == bpf_ntohl(be_acknowledged))
		__sync_val_compare_and_swap(&stream->state, before, before | NG_STREAM_CONFIRMED);
	return 0;
}

/* Seeded hash of the message, its place in the stream and the stream's generation. Global, for the same reason. */
__u64 hash_message(__u32 sequence, __u64 state)
{
	struct ng_dns *dns = dns_state();

	if (!dns)
		return 0;
	__u32 length = dns->length;
	__u64 hash = ng_hash_mix(name_seed, (state & ~0xffffffffULL & ~NG_STREAM_CONFIRMED) | sequence) + length;
	for (__u32 i = 0; i < NG_QUERY_MAX / 8; i++) {
		__u64 word = *(__u64 *)&dns->message[i * 8];

		if (length == 0)
			break;
		hash = ng_hash_word(hash, word & first_bytes(length));
		length = length < 8 ? 0 : length - 8;
	}
	return hash | 1;
}

/* Loads the next message of the segment. Non-zero: it is not whole, or too long. */
static __always_inline int load_next(struct __sk_buff *skb, struct ng_dns *dns)
{
	__u32 at = dns->segment_at;
	__u16 be_length;

	dns->length = 0;
	if (at + NG_LENGTH_BYTES > dns->segment_end || bpf_skb_load_bytes(skb, at, &be_length, 2))
		return -1;
	__u32 length = bpf_ntohs(be_length);
	if (length < NG_MIN_MESSAGE || length > NG_QUERY_MAX || at + NG_LENGTH_BYTES + length > dns->segment_end)
		return -1;
	dns->length = length;
	length = ((length - 1) & NG_MESSAGE_MASK) + 1;
	return bpf_skb_load_bytes(skb, at + NG_LENGTH_BYTES, dns->message, length) ? -1 : 0;
}

/* Reads the next message of the segment. Returns an ng_next_message. */
int next_message(struct __sk_buff *skb, __u32 slot)
{
	struct ng_dns *dns = dns_state();

	if (!dns || load_next(skb, dns))
		return NG_MESSAGE_UNJUDGED;
	struct ng_query_stream *stream = find_stream(slot, dns->connection);
	if (!stream)
		return NG_MESSAGE_UNJUDGED;
	__u64 state = *(volatile __u64 *)&stream->state;
	dns->stream_state = state;
	__u64 hash = hash_message(dns->sequence, state);
	dns->message_hash = hash;
	if (dns->sequence == (__u32)state)
		return NG_MESSAGE_NEW;
	for (int i = 0; i < NG_STREAM_MESSAGES; i++)
		if (stream->message[i] == hash)
			return NG_MESSAGE_REPEATED;
	return NG_MESSAGE_UNJUDGED;
}

/* Moves behind the message in dns->message. */
static __always_inline void pass_message(struct ng_dns *dns)
{
	dns->segment_at += NG_LENGTH_BYTES + dns->length;
	dns->sequence += NG_LENGTH_BYTES + dns->length;
}

/* Makes the message that was read the last one of the stream. Non-zero: another CPU changed the stream. */
int accept_message(__u32 slot)
{
	struct ng_dns *dns = dns_state();
	struct ng_query_stream *stream = dns ? find_stream(slot, dns->connection) : 0;

	if (!stream)
		return -1;
	__u64 before = dns->stream_state;
	__u32 next = dns->sequence + NG_LENGTH_BYTES + dns->length;
	if (__sync_val_compare_and_swap(&stream->state, before, (before & ~0xffffffffULL) | next) != before)
		return -1;
	stream->message[stream->messages++ & (NG_STREAM_MESSAGES - 1)] = dns->message_hash;
	return 0;
}

/* The verdict for a connection that cannot be judged, or that asks for what is not allowed. */
#define NG_QUERY_RESET 0xfe /* instead of a response code */
#define NG_SEGMENT_HAS_DATA 0xffffffffu /* no verdict: its messages are still to be judged */

/* Where the segment's data is. Returns the TCP flags; -1: its header is not within the packet. */
static __always_inline int read_dns_segment(struct __sk_buff *skb, struct ng_dns *dns, const struct ng_packet *p)
{
	__u8 header[16];

	if (p->fragment != NG_WHOLE || bpf_skb_load_bytes(skb, p->transport, header, 14))
		return -1;
	dns->segment_at = p->transport + (header[12] >> 4) * 4;
	dns->segment_end = p->end;
	dns->sequence = bpf_ntohl(*(__u32 *)&header[4]);
	return header[13];
}

/* Begins with a segment to a trusted server. Returns its verdict, or NG_SEGMENT_HAS_DATA. */
__u32 open_segment(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config,
		   __u32 slot)
{
	struct ng_dns *dns = dns_state();

	if (!dns || !p || !config)
		return NG_QUERY_UNJUDGED;
	int flags = read_dns_segment(skb, dns, p);
	if (flags < 0)
		return NG_QUERY_UNJUDGED;
	dns->connection = connection_of(p, config->endpoint);
	if (dns->segment_at >= dns->segment_end) {
		if ((flags & (NG_TCP_SYN | NG_TCP_ACK)) == NG_TCP_SYN)
			begin_stream(slot, dns->connection, dns->sequence + 1, tick_of(dns->now));
		return NG_QUERY_PASSES;
	}
	if (flags & (NG_TCP_SYN | NG_TCP_RST | NG_TCP_URG))
		return NG_QUERY_UNJUDGED;
	struct ng_query_stream *stream = find_stream(slot, dns->connection);
	if (!stream || !(stream->state & NG_STREAM_CONFIRMED))
		return NG_QUERY(NG_R_QUERY_FORM, NG_QUERY_RESET);
	stream->used = tick_of(dns->now);
	return NG_SEGMENT_HAS_DATA;
}

#endif
