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

/* Swaps the two halves of `2 * half` bytes of the packet; half <= 16. Returns non-zero on failure. */
static __always_inline int swap_halves(struct __sk_buff *skb, __u32 at, __u32 half)
{
	__u8 bytes[32];

	return bpf_skb_load_bytes(skb, at, bytes, 2 * half) || bpf_skb_store_bytes(skb, at, bytes + half, half, 0) ||
	       bpf_skb_store_bytes(skb, at + half, bytes, half, 0);
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
	failed = swap_halves(skb, 0, ETH_ALEN) ||
		 (is_v6 ? swap_halves(skb, NG_IP6_ADDRESSES, 16) : swap_halves(skb, NG_IP4_ADDRESSES, 4)) ||
		 swap_halves(skb, transport, 2) ||
		 bpf_skb_store_bytes(skb, flags_at, &after, sizeof(after), BPF_F_RECOMPUTE_CSUM) ||
		 /* Leaves alone a checksum that a device completes, and one that is not used. */
		 bpf_l4_csum_replace(skb, transport + NG_UDP_CHECKSUM, before, after, BPF_F_MARK_MANGLED_0 | 2);
	return failed ? NG_DROP : (int)bpf_redirect_peer(skb->ifindex, 0);
}

#endif
