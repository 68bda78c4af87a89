/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Turns a DNS query of the pod into its response, in place: addresses and ports change places, which no checksum sees, and
 * the header's flags are set. The question and an OPT record stay, so no length changes. The response goes directly through
 * the veth to the pod.
 */
#ifndef NG_DNS_TURN_H
#define NG_DNS_TURN_H

#include "packet.h"

#define NG_DNS_KEPT 0x7910 /* of the flags: opcode, RD, CD */
#define NG_DNS_ANSWERED 0x8080 /* QR, RA */
#define NG_RCODE_NONE 0
#define NG_RCODE_FORMERR 1
#define NG_RCODE_NXDOMAIN 3
#define NG_IP4_ADDRESSES (ETH_HLEN + 12)
#define NG_IP6_ADDRESSES (ETH_HLEN + 8)
#define NG_UDP_CHECKSUM 6

/* Swaps two neighbouring values of `half` bytes each; a constant. */
static __always_inline void swap_neighbours(void *at, __u32 half)
{
	__u16 *first = at;
	__u16 *second = at + half;

#pragma unroll
	for (__u32 i = 0; i < half / 2; i++) {
		__u16 kept = first[i];

		first[i] = second[i];
		second[i] = kept;
	}
}

/* Swaps MAC addresses, IP addresses and ports, in place: each a helper's call would cost more than the rest. Non-zero: it failed. */
static __always_inline int swap_sides(struct __sk_buff *skb, __u32 addresses, __u32 half)
{
	const __u32 transport = addresses + 2 * half; /* they are the last fields of both headers */
	void *data;

	if (bpf_skb_pull_data(skb, transport + NG_SHORT_HEADER))
		return 1;
	data = packet_start(skb);
	if (data + transport + NG_SHORT_HEADER > packet_end(skb))
		return 1;
	swap_neighbours(data, ETH_ALEN);
	swap_neighbours(data + addresses, half);
	swap_neighbours(data + transport, sizeof(__u16));
	return 0;
}

/* Returns the action: to the pod, or a drop where the headers are unusual. `transport`: offset of the UDP header. */
int turn_query(struct __sk_buff *skb, __u32 transport, __u32 rcode)
{
	int is_v6 = skb->protocol == bpf_htons(ETH_P_IPV6);
	__u32 flags_at = transport + sizeof(__u64) + 2;
	__u16 before, after;
	int failed;

	if (transport != ETH_HLEN + (is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr)) ||
	    bpf_skb_load_bytes(skb, flags_at, &before, sizeof(before)))
		return NG_DROP;
	after = (before & bpf_htons(NG_DNS_KEPT)) | bpf_htons(NG_DNS_ANSWERED) | bpf_htons((__u16)(rcode & 15));
	failed = (is_v6 ? swap_sides(skb, NG_IP6_ADDRESSES, 16) : swap_sides(skb, NG_IP4_ADDRESSES, 4)) ||
		 bpf_skb_store_bytes(skb, flags_at, &after, sizeof(after), BPF_F_RECOMPUTE_CSUM) ||
		 /* Leaves alone a checksum that a device completes, and one that is not used. */
		 bpf_l4_csum_replace(skb, transport + NG_UDP_CHECKSUM, before, after, BPF_F_MARK_MANGLED_0 | 2);
	return failed ? NG_DROP : (int)bpf_redirect_peer(skb->ifindex, 0);
}

#endif
