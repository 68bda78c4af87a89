/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Holds frames that these programs cannot judge: the whole frame goes to the daemon through the ring buffer `held`. The
 * daemon learns from it, then puts it back on the interface to the pod. Without a daemon the frame passes at once without
 * being learned, and is counted: namegate never stops DNS. If the endpoint's share of the ring is full, a datagram passes in
 * the same way, and a TCP segment is dropped, because its sender repeats it (dns_stream.h).
 *
 * A mark identifies a frame that was put back. A pod cannot forge it: the kernel clears the mark of packets that leave a
 * network namespace, and a frame that another interface received does not count as put back.
 */
#ifndef NG_HOLD_H
#define NG_HOLD_H

#include "packet.h"

#define NG_ENOENT 2

/*
 * NG_NOT_HELD: there is no daemon, or the frame is too long; the loss is counted. NG_HELD_NO_ROOM: there is a daemon but no
 * room for the frame. The caller then drops it, or lets it pass and calls count_lost_frame().
 */
enum ng_holding { NG_NOT_HELD, NG_HELD, NG_HELD_NO_ROOM };

/* Consumes the frame. A sender on this node sees no error: a redirect to interface 0 counts as sent. */
static __always_inline int consume_frame(void)
{
	return (int)bpf_redirect(0, 0);
}

static __always_inline int is_put_back(struct __sk_buff *skb)
{
	if (!held_mark || skb->mark != held_mark || skb->ingress_ifindex)
		return 0;
	skb->mark = 0;
	return 1;
}

/* Does a daemon run, and is it fast enough? */
static __always_inline int daemon_is_reading(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct ng_reader *reader = bpf_map_lookup_elem(&held_reader, &zero);
	__u32 now = tick_of(boot_time());

	if (!reader || !reader->tick || tick_after(now, reader->tick + NG_READER_TICKS))
		return 0;
	/* Sends nothing, because the entry's event type accepts no output. -ENOENT: the entry is gone, and so is the daemon. */
	return bpf_perf_event_output(skb, &held_life, 0, &zero, sizeof(zero)) != -NG_ENOENT;
}

static __always_inline int put_frame(struct __sk_buff *skb, const struct ng_held *header, __u32 room)
{
	__u32 length = header->length;
	struct ng_held *out = bpf_ringbuf_reserve(&held, sizeof(*out) + room, 0);

	if (!out)
		return -1;
	*out = *header;
	/* Two separate checks: clang would merge them into one comparison of a copy, which tells the verifier nothing. */
	if (length > room)
		goto fail;
	asm volatile("" : "+r"(length));
	if (length < ETH_HLEN || bpf_skb_load_bytes(skb, 0, out + 1, length))
		goto fail;
	bpf_ringbuf_submit(out, header->waits ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	return 0;
fail:
	bpf_ringbuf_discard(out, BPF_RB_NO_WAKEUP);
	return -1;
}

/*
 * The size of a reservation must be a constant. Small holds a packet of Ethernet's standard MTU, middle a jumbo frame,
 * large any aggregated packet.
 */
static __noinline int put_small_frame(struct __sk_buff *skb, const struct ng_held *header)
{
	return put_frame(skb, header, NG_HELD_SMALL);
}

static __noinline int put_middle_frame(struct __sk_buff *skb, const struct ng_held *header)
{
	return put_frame(skb, header, NG_HELD_MIDDLE);
}

static __noinline int put_large_frame(struct __sk_buff *skb, const struct ng_held *header)
{
	return put_frame(skb, header, NG_HELD_FRAME_MAX);
}

/* The bytes of the ring that a frame of this length reserves. */
static __always_inline __u32 reservation(__u32 length)
{
	__u32 room = length <= NG_HELD_SMALL	? NG_HELD_SMALL
		     : length <= NG_HELD_MIDDLE ? NG_HELD_MIDDLE
						: NG_HELD_FRAME_MAX;

	return room + sizeof(struct ng_held) + BPF_RINGBUF_HDR_SZ;
}

/* Counts the frame as sent to the daemon. 0: the endpoint's share is full. */
static __always_inline int reserve_share(__u32 slot, struct ng_held *header)
{
	struct ng_held_sum *taken = bpf_map_lookup_elem(&held_taken, &slot);
	struct ng_held_sum *done = bpf_map_lookup_elem(&held_done, &slot);
	__u64 unread = bpf_ringbuf_query(&held, BPF_RB_AVAIL_DATA);
	__u64 share = unread < NG_HELD_RING_BYTES ? (NG_HELD_RING_BYTES - unread) / NG_HELD_SHARE : 0;

	if (!taken || !done)
		return 0;
	if (share > NG_HELD_BYTES)
		share = NG_HELD_BYTES;
	header->lost = (__u32)taken->lost;
	if ((__s64)(taken->frames - done->frames) >= NG_HELD_FRAMES ||
	    (__s64)(taken->bytes - done->bytes + header->reserved) > (__s64)share)
		return 0;
	__sync_fetch_and_add(&taken->frames, 1);
	__sync_fetch_and_add(&taken->bytes, header->reserved);
	return 1;
}

static __always_inline void release_share(__u32 slot, __u32 reserved)
{
	struct ng_held_sum *taken = bpf_map_lookup_elem(&held_taken, &slot);

	if (!taken)
		return;
	__sync_fetch_and_add(&taken->frames, -1);
	__sync_fetch_and_add(&taken->bytes, -(__u64)reserved);
}

/* Counts a frame that does not reach the daemon, whose state of the endpoint's streams and fragments is then stale. */
static __always_inline void count_lost_frame(__u32 slot)
{
	struct ng_held_sum *taken = bpf_map_lookup_elem(&held_taken, &slot);

	count(slot, NG_R_UNPARSED);
	if (taken)
		__sync_fetch_and_add(&taken->lost, 1);
}

/* How a frame goes to the daemon. */
#define NG_HOLD_WAITS (1u << 0) /* to be put back; otherwise a copy */
#define NG_HOLD_EGRESS (1u << 1) /* it comes from the pod */

/* Sends the frame to the daemon. `how`: NG_HOLD_*; `waited`: as in ng_held. Returns an ng_holding. */
int hold_frame(struct __sk_buff *skb, __u32 slot, __u32 endpoint, __u32 how, __u32 waited)
{
	struct ng_held header = {
		.boot_ns = bpf_ktime_get_boot_ns(),
		.endpoint = endpoint,
		.slot = slot,
		.ifindex = skb->ifindex,
		.length = skb->len,
		.gso_size = (__u16)skb->gso_size,
		.waits = how & NG_HOLD_WAITS ? 1 : 0,
		.direction = how & NG_HOLD_EGRESS ? NG_EGRESS : NG_INGRESS,
		.reserved = reservation(skb->len),
		.waited = waited,
	};
	int failed;

	/* A frame that is too long never finds room. */
	if (skb->len > NG_HELD_FRAME_MAX || !daemon_is_reading(skb)) {
		count_lost_frame(slot);
		return NG_NOT_HELD;
	}
	if (!reserve_share(slot, &header)) {
		count(slot, NG_R_HELD_FULL);
		return NG_HELD_NO_ROOM;
	}
	if (header.length <= NG_HELD_SMALL)
		failed = put_small_frame(skb, &header);
	else if (header.length <= NG_HELD_MIDDLE)
		failed = put_middle_frame(skb, &header);
	else
		failed = put_large_frame(skb, &header);
	if (failed) {
		release_share(slot, header.reserved);
		count(slot, NG_R_EVENT_LOST);
		return NG_HELD_NO_ROOM;
	}
	if (how & NG_HOLD_WAITS)
		count(slot, NG_R_HELD);
	return NG_HELD;
}

#endif
