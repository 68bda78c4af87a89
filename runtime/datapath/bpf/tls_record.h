/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Records the first bytes of a connection, so that the bytes that are judged are those that the server gets:
 *   - Offsets count from the pod's latest SYN, which the server's SYN-ACK has acknowledged.
 *   - A byte passes if it follows the recorded ones without a gap, and is then recorded, or if it equals the one recorded at its
 *     offset. Otherwise the whole segment is dropped.
 * Until the server has acknowledged a byte, it may still get another copy of it (a bad checksum or a low TTL can make it miss the
 * first one); this rule makes all copies equal.
 */
#ifndef NG_TLS_RECORD_H
#define NG_TLS_RECORD_H

#include "tls_state.h"

#define NG_BLOCK 64 /* bytes that one step compares */

/* Compares the last bytes, fewer than NG_BLOCK. */
static __always_inline int is_same_rest(const struct ng_tls *tls, __u32 at, __u32 length)
{
	__u32 left = length & (NG_BLOCK - 1);

	for (int i = 0; i < NG_BLOCK / 8; i++) {
		__u64 difference =
			*(__u64 *)&tls->flat[at & NG_HELLO_MASK] ^ *(__u64 *)&tls->segment[at & NG_HELLO_MASK];

		if (left < 8)
			return left == 0 || (difference & ((1ULL << (left * 8)) - 1)) == 0;
		if (difference)
			return 0;
		left -= 8;
		at += 8;
	}
	return 1;
}

/* Are the first `length` bytes of the segment those recorded from `from` on? Uses `flat`. Global: verified once, on its own. */
int is_repeated(__u32 from, __u32 length)
{
	struct ng_tls *tls = tls_state();
	struct ng_hello_buffer *buffer = tls ? buffer_at(tls->buffer) : 0;
	struct bpf_dynptr bytes;

	if (!buffer || length == 0 || length > NG_HELLO_MAX)
		return 0;
	length = ((length - 1) & NG_HELLO_MASK) + 1;
	if (bpf_dynptr_from_mem(buffer->bytes, NG_HELLO_MAX, 0, &bytes) ||
	    bpf_dynptr_read(tls->flat, length, &bytes, from, 0))
		return 0;
	__u32 blocks = length / NG_BLOCK;
	__u64 difference = 0;
	for (__u32 i = 0; i < NG_HELLO_MAX / NG_BLOCK; i++) {
		if (i >= blocks)
			break;
		const __u64 *ours = (const __u64 *)&tls->flat[i * NG_BLOCK];
		const __u64 *theirs = (const __u64 *)&tls->segment[i * NG_BLOCK];

		difference |= (ours[0] ^ theirs[0]) | (ours[1] ^ theirs[1]) | (ours[2] ^ theirs[2]) |
			      (ours[3] ^ theirs[3]) | (ours[4] ^ theirs[4]) | (ours[5] ^ theirs[5]) |
			      (ours[6] ^ theirs[6]) | (ours[7] ^ theirs[7]);
	}
	return difference == 0 && is_same_rest(tls, blocks * NG_BLOCK, length);
}

/* Adds the first `length` bytes of the segment at `offset`. Those that were recorded before are equal. */
static __always_inline int append_segment(struct ng_tls *tls, struct ng_hello_buffer *buffer, __u32 offset,
					  __u32 length)
{
	struct bpf_dynptr bytes;

	length = ((length - 1) & NG_HELLO_MASK) + 1;
	if (bpf_dynptr_from_mem(buffer->bytes, NG_HELLO_MAX, 0, &bytes) ||
	    bpf_dynptr_write(&bytes, offset, tls->segment, length, 0))
		return -1;
	buffer->length = offset + length;
	return 0;
}

/*
 * Records the payload of the segment that `tls` describes, in the locked buffer tls->buffer. NG_R_NONE: it may pass; tls->fresh says
 * whether there was anything new. NG_R_TLS_WAITS: the sender will repeat it. NG_R_TLS_UNFIT: not the bytes that were recorded.
 */
int record_segment(struct __sk_buff *skb)
{
	struct ng_tls *tls = tls_state();
	struct ng_hello_buffer *buffer = tls ? buffer_at(tls->buffer) : 0;

	if (!buffer)
		return NG_R_TLS_WAITS;
	__u32 offset = tls->sequence - buffer->base;
	__u32 known = buffer->length;
	__u32 length = tls->bytes;
	tls->fresh = 0;
	if (offset > known || length == 0 || length > NG_HELLO_MAX || offset + length > NG_HELLO_MAX)
		return NG_R_TLS_WAITS;
	length = ((length - 1) & NG_HELLO_MASK) + 1; /* changes nothing: for the verifier */
	if (bpf_skb_load_bytes(skb, tls->payload, tls->segment, length))
		return NG_R_TLS_WAITS;
	__u32 seen = known - offset;
	if (seen > length)
		seen = length;
	if (seen && !is_repeated(offset, seen))
		return NG_R_TLS_UNFIT;
	if (seen == length)
		return NG_R_NONE;
	if (append_segment(tls, buffer, offset, length))
		return NG_R_TLS_WAITS;
	buffer->used = tls->now;
	tls->fresh = 1;
	return NG_R_NONE;
}

/*
 * The same for a connection whose first byte showed that it is not TLS: only that one is compared. A segment that begins before it
 * would have to be compared further on; no honest client sends one with data.
 */
static __always_inline int compare_first(struct __sk_buff *skb, struct ng_tls *tls,
					 const struct ng_hello_buffer *buffer)
{
	__u32 offset = tls->sequence - buffer->base;
	__u8 first;

	if (offset >> 31)
		return NG_R_TLS_UNFIT;
	if (offset)
		return NG_R_NONE;
	return bpf_skb_load_bytes(skb, tls->payload, &first, 1) || first != buffer->bytes[0] ? NG_R_TLS_UNFIT
											     : NG_R_NONE;
}

#endif
