/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Fragments and ICMP errors. Only the first fragment of a packet carries ports. After it was admitted, the others may follow
 * for a limited time; a fragment that arrives before or without it is dropped. Fragments of a DNS response go to the daemon
 * like their first. An ICMP error quotes the start of a packet: it passes if that packet belongs to a flow, whatever the
 * rules for ICMP.
 */
#ifndef NG_FRAGMENT_H
#define NG_FRAGMENT_H

#include "flow.h"
#include "hold.h"

#define NG_ICMP_ERROR_MAX 576 /* largest IP packet in bytes (RFC 1812, section 4.3.2.3) */
#define NG_ICMP6_ERROR_MAX 1280 /* likewise (RFC 4443, section 2.4) */
#define NG_FRAGMENT_TICKS 224 /* 30 seconds, as a receiver waits (RFC 791, RFC 8200 section 4.5) */

static __always_inline __u64 addr_half(const struct ng_addr *addr, int half)
{
	return (__u64)addr->w[half * 2] << 32 | addr->w[half * 2 + 1];
}

/* A seeded hash of what the fragments of a packet share, including the endpoint: 64 bits that a sender cannot predict. */
static __always_inline __u64 packet_hash(__u32 endpoint, const struct ng_packet *p)
{
	__u64 hash = ng_hash_mix(name_seed, addr_half(&p->key.remote, 0));

	hash = ng_hash_mix(hash, addr_half(&p->key.remote, 1));
	hash = ng_hash_mix(hash, (__u64)endpoint << 32 | p->be_frag_id);
	hash = ng_hash_mix(hash, (__u64)p->key.protocol << 8 | p->key.local);
	return hash ? hash : 1;
}

static __always_inline struct ng_frag_set *fragment_set(__u32 slot, int direction, __u64 packet)
{
	__u32 index = (slot * 2 + (__u32)direction) * NG_FRAG_SETS + ((__u32)(packet >> 32) & (NG_FRAG_SETS - 1));

	return bpf_map_lookup_elem(&frags, &index);
}

/* Writes the entry one word at a time; the first word is 0 meanwhile. */
static __always_inline void put_fragment(struct ng_frag *to, struct ng_frag *from)
{
	volatile __u64 *words = (volatile __u64 *)to;

	words[0] = 0;
	words[1] = ((__u64 *)from)[1];
	words[0] = from->packet;
}

static __always_inline struct ng_frag get_fragment(struct ng_frag *from)
{
	volatile __u64 *words = (volatile __u64 *)from;
	struct ng_frag out;

	((__u64 *)&out)[0] = words[0];
	((__u64 *)&out)[1] = words[1];
	return out;
}

/* Admits the later fragments: in the packet's own entry, else a free one, else the one that expires first. */
static __noinline int admit_fragments(__u32 slot, __u32 endpoint, const struct ng_packet *p, int direction, __u32 way)
{
	__u64 packet = packet_hash(endpoint, p);
	struct ng_frag_set *set = fragment_set(slot, direction, packet);
	__u32 now = tick_of(boot_time());
	__u32 least = ~0U;
	__u32 place = 0;

	if (!set)
		return 0;
	for (__u32 i = 0; i < NG_FRAG_WAYS; i++) {
		const struct ng_frag *other = &set->way[i];
		__u32 left = other->packet && tick_after(other->until, now) ? other->until - now : 0;

		if (other->packet == packet) {
			place = i;
			break;
		}
		if (left < least) {
			least = left;
			place = i;
		}
	}
	struct ng_frag admitted = {
		.packet = packet,
		.until = now + NG_FRAGMENT_TICKS,
		.bytes = (__u16)(p->end - p->fragment_start),
		.way = (__u16)way,
	};
	put_fragment(&set->way[place & (NG_FRAG_WAYS - 1)], &admitted);
	return 0;
}

/* The ng_frag_way of the first fragment; -1: none was admitted, or this fragment would overlap it. */
static __noinline int fragment_way(__u32 slot, __u32 endpoint, const struct ng_packet *p, int direction)
{
	__u64 packet = packet_hash(endpoint, p);
	struct ng_frag_set *set = fragment_set(slot, direction, packet);
	__u32 now = tick_of(boot_time());

	if (!set)
		return -1;
	for (__u32 i = 0; i < NG_FRAG_WAYS; i++) {
		struct ng_frag admitted = get_fragment(&set->way[i]);

		if (admitted.packet == packet && tick_after(admitted.until, now) &&
		    p->fragment_offset >= admitted.bytes)
			return admitted.way;
	}
	return -1;
}

/*
 * A later fragment gets the verdict of its first. `open`: no policy applies, so it passes even without a first. NG_REFUSE: its
 * first was not admitted; the caller drops it.
 */
static __always_inline int judge_fragment(struct __sk_buff *skb, __u32 slot, __u32 endpoint, const struct ng_packet *p,
					  int direction, int open)
{
	int way = fragment_way(slot, endpoint, p, direction);

	if (way < 0)
		return open ? NG_NEXT : NG_REFUSE;
	if (way == NG_FRAG_ON)
		return NG_NEXT;
	__u32 how = (way == NG_FRAG_HELD ? NG_HOLD_WAITS : 0) | (direction == NG_EGRESS ? NG_HOLD_EGRESS : 0);
	int holding = hold_frame(skb, slot, endpoint, how, 0);

	if (holding == NG_HELD && way == NG_FRAG_HELD)
		return consume_frame();
	if (holding == NG_HELD_NO_ROOM)
		count_lost_frame(slot);
	return NG_NEXT;
}

/*
 * Does the error quote a packet of a live flow? The quoted packet went the other way, so its source is the pod when the
 * error is for the pod. Routers on the path may send errors to the pod; errors from the pod must go to the flow's peer.
 */
static __noinline int quotes_flow(struct __sk_buff *skb, __u32 slot, __u32 generation, const struct ng_packet *p,
				  int direction)
{
	struct ng_flow_key key = {.local = p->key.local};
	__u32 at = p->transport + 8;
	__u8 header[40] = {};
	__u16 ports[4] = {};
	__u32 inner = p->is_v6 ? 40 : 20;
	__u32 most = p->is_v6 ? NG_ICMP6_ERROR_MAX : NG_ICMP_ERROR_MAX;
	struct ng_addr source, destination;

	if (p->fragment != NG_WHOLE || p->end > ETH_HLEN + most || at + inner > p->end ||
	    bpf_skb_load_bytes(skb, at, header, 20))
		return 0;
	if (p->is_v6) {
		if (bpf_skb_load_bytes(skb, at, header, 40))
			return 0;
		__builtin_memcpy(&source, header + 8, 16);
		__builtin_memcpy(&destination, header + 24, 16);
		key.protocol = header[6];
	} else {
		__u32 be_addr;

		__builtin_memcpy(&be_addr, header + 12, 4);
		addr_from_v4(&source, be_addr);
		__builtin_memcpy(&be_addr, header + 16, 4);
		addr_from_v4(&destination, be_addr);
		key.protocol = header[9];
		inner = (header[0] & 15) * 4;
		if (inner < 20 || (header[6] & 0x1f) || header[7])
			return 0;
	}
	if (header[0] >> 4 != (p->is_v6 ? 6 : 4) || at + inner + sizeof(ports) > p->end ||
	    bpf_skb_load_bytes(skb, at + inner, ports, sizeof(ports)))
		return 0;
	int icmp = key.protocol == (p->is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
	if (!icmp && !has_ports(key.protocol)) {
		ports[0] = 0;
		ports[1] = 0;
	}
	int from_us = direction == NG_INGRESS;
	if (!addr_equal(from_us ? &source : &destination, &p->local))
		return 0;
	key.remote = from_us ? destination : source;
	if (!from_us && !addr_equal(&key.remote, &p->key.remote))
		return 0;
	key.be_local_port = from_us ? ports[0] : ports[1];
	key.be_remote_port = from_us ? ports[1] : ports[0];
	/* The identifier of an echo is after type, code and checksum. */
	if (icmp)
		icmp_ports(p->is_v6, (__u8)(bpf_ntohs(ports[0]) >> 8), ports[2], &key.be_local_port,
			   &key.be_remote_port);
	void *table = flow_table(slot);
	struct ng_flow *flow = table ? bpf_map_lookup_elem(table, &key) : 0;
	/* A flow of another generation is judged again on its next packet, not on an error. */
	return flow && (flow->generation == generation || flow->generation == NG_UNDECIDED_GENERATION) &&
	       !(flow->flags & NG_FLOW_CUT) && is_alive(flow, key.protocol, now_jiffies());
}

#endif
