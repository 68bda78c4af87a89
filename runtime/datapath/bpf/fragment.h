/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Only the first fragment of a packet carries ports. Once it is admitted the others may follow for a while;
 * a fragment that comes before or without it is dropped. Fragments of a DNS answer go to the daemon, as their first did. ICMP errors carry the start of the packet they
 * complain about: they pass when that packet belongs to a flow, whatever the policy says of ICMP.
 */
#ifndef NG_FRAGMENT_H
#define NG_FRAGMENT_H

#include "flow.h"
#include "hold.h"

#define NG_ICMP_ERROR_MAX 576 /* bytes of the IP packet (RFC 1812, section 4.3.2.3) */
#define NG_ICMP6_ERROR_MAX 1280 /* likewise (RFC 4443, section 2.4) */
#define NG_FRAGMENT_TICKS 224 /* 30 seconds, as a receiver waits (RFC 791, RFC 8200 section 4.5) */

static __always_inline void fragment_key(struct ng_frag_key *key, __u32 slot, const struct ng_packet *p, int direction)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->remote = p->key.remote;
	key->slot = slot;
	key->be_id = p->be_frag_id;
	key->protocol = p->key.protocol;
	key->direction = (__u8)direction;
	key->local = p->key.local;
}

static __always_inline void admit_fragments(__u32 slot, const struct ng_packet *p, int direction, __u32 way)
{
	struct ng_frag_key key;
	struct ng_frag admitted = {
		.until = tick_of(boot_time()) + NG_FRAGMENT_TICKS,
		.way = (__u16)way,
		.bytes = (__u16)(p->end - p->fragment_start),
	};

	fragment_key(&key, slot, p, direction);
	bpf_map_update_elem(&frags, &key, &admitted, BPF_ANY);
}

/* The way on which the first fragment was admitted; -1: none was, or this one would write over what was judged. */
static __always_inline int fragment_way(__u32 slot, const struct ng_packet *p, int direction)
{
	struct ng_frag_key key;
	struct ng_frag *admitted;

	fragment_key(&key, slot, p, direction);
	admitted = bpf_map_lookup_elem(&frags, &key);
	if (!admitted || !tick_after(admitted->until, tick_of(boot_time())) || p->fragment_offset < admitted->bytes)
		return -1;
	return (int)admitted->way;
}

/* A later fragment goes the way of its first. `open`: without one it passes too, no policy being there. */
static __always_inline int judge_fragment(struct __sk_buff *skb, __u32 slot, __u32 endpoint, const struct ng_packet *p,
					  int direction, int open)
{
	int way = fragment_way(slot, p, direction);

	if (way < 0)
		return open ? NG_NEXT : drop(slot, NG_R_FRAGMENT);
	if (way == NG_FRAG_ON)
		return NG_NEXT;
	if (hold_frame(skb, slot, endpoint, (__u32)direction, way == NG_FRAG_HELD) == NG_HELD && way == NG_FRAG_HELD)
		return out_of_the_way();
	return NG_NEXT;
}

/*
 * Does the error quote a packet of a live flow? The quoted packet went the other way, so its source is our
 * side when the error comes in. Routers on the way may send us errors; ours go to the flow's peer only.
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
	    load_own(skb, at, header, 20))
		return 0;
	if (p->is_v6) {
		if (load_own(skb, at, header, 40))
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
	    load_own(skb, at + inner, ports, sizeof(ports)))
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
	/* An echo's identifier stands behind type, code and checksum. */
	if (icmp)
		icmp_ports(p->is_v6, (__u8)(bpf_ntohs(ports[0]) >> 8), ports[2], &key.be_local_port,
			   &key.be_remote_port);
	void *table = flow_table(slot);
	struct ng_flow *flow = table ? bpf_map_lookup_elem(table, &key) : 0;
	/* A flow of another generation is judged by its own next packet, not by an error about it. */
	return flow && flow->generation == generation && !(flow->flags & NG_FLOW_CUT) &&
	       is_alive(flow, key.protocol, now_jiffies());
}

#endif
