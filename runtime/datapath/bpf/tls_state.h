/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The state of connections whose TLS name is not known yet: their entries in `hellos`, and their buffers.
 *
 * An element of `hellos` may be given to another connection at any time, so nothing that opens a flow is written to one, and its
 * words are only changed by compare-and-swap with the cookie of the connection. A buffer is never given away while its lock is
 * held, and its owner is the cookie.
 *
 * Shares: an endpoint holds at most NG_HELLO_BUFFERS_OF_ONE buffers, and only NG_HELLO_BUFFERS_OF_ONE_SCARCE when more than half of
 * all are in use. A buffer without a new byte for NG_HELLO_SECONDS may be taken by another connection.
 */
#ifndef NG_TLS_STATE_H
#define NG_TLS_STATE_H

#include "flow.h"

#define NG_HELLO_MASK (NG_HELLO_MAX - 1)
#define NG_NO_BUFFER 0xffff

/* Working memory of one CPU, with the segment in hand. An array with one entry for each CPU: it is too large for a per-CPU map. */
struct ng_tls {
	__u8 segment[NG_HELLO_MAX + 64];
	__u8 flat[NG_HELLO_MAX * 2 + 64]; /* the handshake message without record headers */
	/* the packet; here, because the chain of calls fills the stack that Linux 6.1 allows */
	struct ng_packet packet;
	__u32 slot;
	__u32 endpoint;
	__u32 buffer; /* number of its connection's buffer */
	__u32 sequence;
	__u32 acknowledged;
	__u32 payload; /* offset in the frame */
	__u32 bytes; /* of payload */
	__u32 flags; /* of TCP */
	__u32 now; /* tick */
	__u32 require; /* 1: NG_RULE_REQUIRE */
	__u32 fresh; /* 1: the segment brought new bytes */
	__u32 resets; /* 1: if the connection is denied, the server gets a RST with `next` */
	__u32 next; /* sequence number of the first byte that the server has not got */
	/* the ClientHello in `flat` */
	__u32 length; /* bytes of it */
	__u32 at; /* walker */
	__u32 name_at; /* of the server name in `flat`; 0: not found yet */
	__u32 name_length;
	__u32 label_at; /* while the name is converted: offset of the label's length byte */
	__u64 starts[4]; /* bit n: a label begins at byte n of the converted name */
};
NG_SCRATCH_MAP(tls_scratch, BPF_MAP_TYPE_ARRAY, __u32, struct ng_tls, 1)

static __always_inline struct ng_tls *tls_state(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&tls_scratch, &cpu);
}

static __always_inline __u64 cookie_of(__u64 word)
{
	return word >> NG_HELLO_COOKIE;
}

/* The number of the connection's buffer; NG_NO_BUFFER: it has none. */
static __always_inline __u32 buffer_of(__u64 word)
{
	return (__u32)((word >> NG_HELLO_BUFFER) - 1) & 0xffff;
}

static __always_inline struct ng_hello *find_hello(__u32 slot, const struct ng_flow_key *key)
{
	void *inner = bpf_map_lookup_elem(&hellos, &slot);

	return inner ? bpf_map_lookup_elem(inner, key) : 0;
}

static __always_inline struct ng_hello_buffer *buffer_at(__u32 number)
{
	__u32 zero = 0;
	void *inner = bpf_map_lookup_elem(&hello_buffers, &zero);

	return inner ? bpf_map_lookup_elem(inner, &number) : 0;
}

static __always_inline int try_lock(struct ng_hello_buffer *buffer)
{
	return __sync_val_compare_and_swap(&buffer->lock, 0, 1) == 0;
}

static __always_inline void unlock(struct ng_hello_buffer *buffer)
{
	/* An atomic operation with a result is a full barrier. */
	__sync_val_compare_and_swap(&buffer->lock, 1, 0);
}

/* Adds to the buffers that the slot's endpoint holds, and to the sum. */
static __always_inline void change_share(__u32 slot, __s32 by)
{
	__u32 sum = NG_HELLO_SUM;
	__u32 *share = bpf_map_lookup_elem(&hello_shares, &slot);
	__u32 *all = bpf_map_lookup_elem(&hello_shares, &sum);

	if (!share || !all)
		return;
	__sync_fetch_and_add(share, by);
	__sync_fetch_and_add(all, by);
}

/* `pool`: buffers of the node. */
static __always_inline int has_share_left(__u32 slot, __u32 pool)
{
	__u32 sum = NG_HELLO_SUM;
	__u32 *share = bpf_map_lookup_elem(&hello_shares, &slot);
	__u32 *all = bpf_map_lookup_elem(&hello_shares, &sum);

	if (!share || !all)
		return 0;
	return *share < (*all < pool / 2 ? NG_HELLO_BUFFERS_OF_ONE : NG_HELLO_BUFFERS_OF_ONE_SCARCE);
}

/* Frees the buffer, whose lock is held. */
static __always_inline void free_buffer(struct ng_hello_buffer *buffer)
{
	if (!buffer->owner)
		return;
	change_share(buffer->slot, -1);
	buffer->owner = 0;
}

static __always_inline int is_idle(const struct ng_hello_buffer *buffer, __u32 now)
{
	return !is_within(now, buffer->used, NG_TICKS(NG_HELLO_SECONDS), 1);
}

/* Is the buffer held by the endpoint's own idle connection, or by an endpoint that had the slot before? */
static __always_inline int is_own_rest(const struct ng_hello_buffer *buffer, const struct ng_tls *tls)
{
	return buffer->owner && buffer->slot == tls->slot &&
	       (buffer->endpoint != tls->endpoint || is_idle(buffer, tls->now));
}

/* May the endpoint take the buffer? One that is free or idle; if its share is used, only one that it holds without need. */
static __always_inline int may_take(const struct ng_hello_buffer *buffer, const struct ng_tls *tls, int share_left)
{
	return is_own_rest(buffer, tls) || (share_left && (!buffer->owner || is_idle(buffer, tls->now)));
}

/*
 * Takes a buffer for a connection, with its first byte. Returns its number, or NG_NO_BUFFER if the share is used or none is free. An
 * endpoint looks only at NG_HELLO_PROBES buffers, always the same ones, which are spread over all: it finds those again that its own
 * connections left idle.
 */
__u32 take_buffer(__u64 cookie, __u32 base, __u32 server_base)
{
	struct ng_tls *tls = tls_state();
	__u32 pool_at = NG_HELLO_POOL;
	__u32 *pool = bpf_map_lookup_elem(&hello_shares, &pool_at);

	if (!tls || !pool || !*pool)
		return NG_NO_BUFFER;
	__u32 buffers = *pool;
	__u32 slot = tls->slot;
	int share_left = has_share_left(slot, buffers);
	for (__u32 i = 0; i < NG_HELLO_PROBES; i++) {
		__u32 place = ((__u32)(cookie >> 8) + i) & (NG_HELLO_PROBES - 1);
		__u32 number = (__u32)ng_hash_mix(name_seed, (__u64)slot << 32 | place) % buffers;
		struct ng_hello_buffer *buffer = buffer_at(number);

		if (!buffer || !may_take(buffer, tls, share_left) || !try_lock(buffer))
			continue;
		if (!may_take(buffer, tls, share_left)) {
			unlock(buffer);
			continue;
		}
		free_buffer(buffer);
		change_share(slot, 1);
		buffer->owner = cookie;
		buffer->slot = slot;
		buffer->endpoint = tls->endpoint;
		buffer->used = tls->now;
		buffer->base = base;
		buffer->server_base = server_base;
		buffer->phase = NG_HELLO_AWAITED;
		buffer->length = 0;
		buffer->scanned = 0;
		buffer->hello_end = 0;
		buffer->retried = 0;
		buffer->server_length = 0;
		buffer->name_length = 0;
		buffer->judged = 0;
		unlock(buffer);
		return number;
	}
	return NG_NO_BUFFER;
}

/* The buffer with the number, locked; null: another CPU works on it, or it belongs to another connection. */
static __always_inline struct ng_hello_buffer *lock_buffer(__u32 number, __u64 cookie)
{
	struct ng_hello_buffer *buffer = buffer_at(number);

	if (!buffer || !try_lock(buffer))
		return 0;
	if (buffer->owner == cookie)
		return buffer;
	unlock(buffer);
	return 0;
}

/* Frees the buffer of a connection that ended; one that another CPU works on is freed by time. */
static __always_inline void drop_buffer(__u64 word)
{
	struct ng_hello_buffer *buffer =
		buffer_of(word) == NG_NO_BUFFER ? 0 : lock_buffer(buffer_of(word), cookie_of(word));

	if (!buffer)
		return;
	free_buffer(buffer);
	unlock(buffer);
}

/* The upper half of ng_hello.server: what an element of another connection does not have. */
static __always_inline __u64 server_mark(__u64 word)
{
	return (cookie_of(word) & 0xffffffff) << 32;
}

/*
 * Begins the state of a connection, before its flow is stored: whoever decided an earlier connection of the same key then finds that
 * its entry has gone. Returns non-zero if the endpoint has no table.
 */
static __always_inline int begin_hello(__u32 slot, const struct ng_flow_key *key, __u32 base, __u32 generation,
				       __u32 require)
{
	void *inner = bpf_map_lookup_elem(&hellos, &slot);
	/* Never 0, which stands for no owner. */
	__u64 cookie = 1ULL << 39 | (__u64)(bpf_get_prandom_u32() >> 1) << 8 | (bpf_get_smp_processor_id() & 0xff);
	__u64 word = cookie << NG_HELLO_COOKIE | (require ? NG_HELLO_REQUIRE : 0);
	struct ng_hello hello = {
		.word = word,
		.server = server_mark(word),
		.base = base,
		.generation = generation,
	};

	return !inner || bpf_map_update_elem(inner, key, &hello, BPF_ANY);
}

static __always_inline void end_hello(__u32 slot, const struct ng_flow_key *key)
{
	void *inner = bpf_map_lookup_elem(&hellos, &slot);

	if (inner)
		bpf_map_delete_elem(inner, key);
}

#endif
