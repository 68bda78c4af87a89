/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What these programs cannot judge is held: the whole frame goes to the daemon through the ring buffer `held`, and
 * to the pod when the daemon, having learnt from it, puts it back on the interface. Where there is no daemon the frame goes
 * on at once, unlearnt and counted: DNS never stops for us. So does a datagram when the daemon has as much of this endpoint's
 * as it may; a TCP segment is dropped then, since its sender repeats it (dns_stream.h).
 * A frame that was put back is known by its mark. No pod can have it: the kernel takes marks off whatever leaves a
 * namespace, and what comes from another interface is not looked at.
 */
#ifndef NG_HOLD_H
#define NG_HOLD_H

#include "packet.h"

#define NG_ENOENT 2

/*
 * NG_NOT_HELD: nobody can hold it, for there is no daemon; the loss is counted. NG_HELD_ENOUGH: there is a daemon, and no room
 * for the frame now. Then the caller drops it, or lets it go on and calls lose_frame().
 */
enum ng_holding { NG_NOT_HELD, NG_HELD, NG_HELD_ENOUGH };

/* Out of the pod's way, and no loss in the eyes of a sender on this node: a redirection to nowhere, which counts as sent. */
static __always_inline int out_of_the_way(void)
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

/* Is there a daemon that comes round in time? */
static __always_inline int reader_is_there(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct ng_reader *reader = bpf_map_lookup_elem(&held_reader, &zero);
	__u32 now = tick_of(boot_time());

	if (!reader || !reader->tick || tick_after(now, reader->tick + NG_READER_TICKS))
		return 0;
	/* Nothing is sent: the entry is of a kind that takes no output. When it is gone, that is what the error says. */
	return bpf_perf_event_output(skb, &held_life, 0, &zero, sizeof(zero)) != -NG_ENOENT;
}

static __always_inline int put_frame(struct __sk_buff *skb, const struct ng_held *header, __u32 room)
{
	__u32 length = header->length;
	struct ng_held *out = bpf_ringbuf_reserve(&held, sizeof(*out) + room, 0);

	if (!out)
		return -1;
	*out = *header;
	/* One bound after the other: clang makes both one comparison of a copy, from which the verifier learns nothing. */
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

/* A reservation has a size that is known beforehand: that of a packet on Ethernet, or of one made of several. */
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

/* What a frame of this length takes of the ring, whatever of it is used. */
static __always_inline __u32 reservation(__u32 length)
{
	__u32 room = length <= NG_HELD_SMALL	? NG_HELD_SMALL
		     : length <= NG_HELD_MIDDLE ? NG_HELD_MIDDLE
						: NG_HELD_FRAME_MAX;

	return room + sizeof(struct ng_held) + BPF_RINGBUF_HDR_SZ;
}

/* Counts the frame as with the daemon. 0: it has enough of this endpoint's. */
static __always_inline int take_room(__u32 slot, struct ng_held *header)
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

static __always_inline void give_room_back(__u32 slot, __u32 reserved)
{
	struct ng_held_sum *taken = bpf_map_lookup_elem(&held_taken, &slot);

	if (!taken)
		return;
	__sync_fetch_and_add(&taken->frames, -1);
	__sync_fetch_and_add(&taken->bytes, -(__u64)reserved);
}

/* The daemon does not see this frame: what it knows of the endpoint's streams and fragments is no longer the truth. */
static __always_inline void lose_frame(__u32 slot)
{
	struct ng_held_sum *taken = bpf_map_lookup_elem(&held_taken, &slot);

	count(slot, NG_R_UNPARSED);
	if (taken)
		__sync_fetch_and_add(&taken->lost, 1);
}

/* Hands the frame to the daemon, for it to be put back (`waits`) or as a copy. Returns an ng_holding. */
int hold_frame(struct __sk_buff *skb, __u32 slot, __u32 endpoint, __u32 direction, __u32 waits)
{
	struct ng_held header = {
		.boot_ns = boot_time(),
		.endpoint = endpoint,
		.slot = slot,
		.ifindex = skb->ifindex,
		.length = skb->len,
		.gso_size = (__u16)skb->gso_size,
		.waits = (__u8)waits,
		.direction = (__u8)direction,
		.reserved = reservation(skb->len),
	};
	int failed;

	/* Room for one that is too long will never come. */
	if (skb->len > NG_HELD_FRAME_MAX || !reader_is_there(skb)) {
		lose_frame(slot);
		return NG_NOT_HELD;
	}
	if (!take_room(slot, &header)) {
		count(slot, NG_R_HELD_FULL);
		return NG_HELD_ENOUGH;
	}
	if (header.length <= NG_HELD_SMALL)
		failed = put_small_frame(skb, &header);
	else if (header.length <= NG_HELD_MIDDLE)
		failed = put_middle_frame(skb, &header);
	else
		failed = put_large_frame(skb, &header);
	if (failed) {
		give_room_back(slot, header.reserved);
		count(slot, NG_R_EVENT_LOST);
		return NG_HELD_ENOUGH;
	}
	if (waits)
		count(slot, NG_R_HELD);
	return NG_HELD;
}

#endif
