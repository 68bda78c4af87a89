/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Ensures that no judged byte changes later. A sender may leave the checksum to the kernel or the device
 * (CHECKSUM_PARTIAL), which write it to csum_start + csum_offset. A packet socket (PACKET_VNET_HDR) can set these to any
 * place, including ports and addresses. So the checksum must go to the checksum field of the judged header or, as in the
 * packets of a tunnel, after all judged bytes.
 *
 * A packet with segmentation offload has such a checksum, so the same check applies; its segments repeat the headers that
 * parse_packet() read. A datagram for fragmentation offload (UFO) does not get here: veth does not support it.
 */
#ifndef NG_OFFLOAD_H
#define NG_OFFLOAD_H

#include "kernel.h"
#include "packet.h"

#define NG_CHECKSUM_PARTIAL 3

/* Compiles to no call, but exists only since kernel 6.2. */
extern void *bpf_cast_to_kern_ctx(void *context) __ksym __weak;

struct ng_checksum {
	__s32 start; /* offset in the frame of the first byte summed */
	__s32 field; /* offset in the frame of the checksum field */
};

/* Reads ip_summed, whose bits are in one byte. BPF_CORE_READ_BITFIELD() would add several jumps per packet. */
static __always_inline __u64 ip_summed_of(const struct sk_buff *kernel)
{
	const __u8 *byte = (const __u8 *)kernel + __CORE_RELO(kernel, ip_summed, BYTE_OFFSET);
	__u64 bits = (__u64)*byte << __CORE_RELO(kernel, ip_summed, LSHIFT_U64);

	return bits >> __CORE_RELO(kernel, ip_summed, RSHIFT_U64);
}

/* Is a checksum still to be written? If so, fills *out. */
static __always_inline int awaits_checksum(struct __sk_buff *skb, struct ng_checksum *out)
{
	__u16 start, offset, frame;

	if (bpf_cast_to_kern_ctx) {
		const struct sk_buff *kernel = bpf_cast_to_kern_ctx(skb);

		if (ip_summed_of(kernel) != NG_CHECKSUM_PARTIAL)
			return 0;
		start = kernel->csum_start;
		offset = kernel->csum_offset;
		frame = kernel->mac_header;
	} else {
		const struct sk_buff *kernel = (const void *)skb;

		if (BPF_CORE_READ_BITFIELD_PROBED(kernel, ip_summed) != NG_CHECKSUM_PARTIAL)
			return 0;
		start = BPF_CORE_READ(kernel, csum_start);
		offset = BPF_CORE_READ(kernel, csum_offset);
		frame = BPF_CORE_READ(kernel, mac_header);
	}
	out->start = (__s32)start - frame;
	out->field = out->start + offset;
	return 1;
}

/*
 * Is the offset from the transport header that of the protocol's checksum? ICMP may also have it at 6, which is not judged:
 * Reject makes an ICMP error from a UDP packet whose checksum is still to be written (reject.h).
 */
static __always_inline int is_checksum_field(const struct ng_packet *p, __s32 offset)
{
	if (p->key.protocol == IPPROTO_TCP)
		return offset == 16;
	if (p->key.protocol == IPPROTO_UDP || p->key.protocol == IPPROTO_UDPLITE)
		return offset == 6;
	if (p->key.protocol == IPPROTO_SCTP)
		return offset == 8;
	return is_icmp_protocol(p) && (offset == 2 || offset == 6);
}

/* The lowest offset at which an inner packet, to which the checksum may belong, can begin; 0: there can be none. */
static __always_inline __s32 carried(const struct ng_packet *p)
{
	if (p->key.protocol == IPPROTO_UDP)
		return (__s32)p->transport + NG_SHORT_HEADER;
	return has_ports(p->key.protocol) || is_icmp_protocol(p) ? 0 : (__s32)p->transport;
}

/* Will the kernel overwrite judged bytes of the parsed packet? */
static __always_inline int is_rewritten(struct __sk_buff *skb, struct ng_packet *p)
{
	struct ng_checksum sum;

	if (!awaits_checksum(skb, &sum))
		return 0;
	/* The kernel completes the checksum before it fragments a packet, so a fragment must not await one. */
	if (p->fragment != NG_WHOLE)
		return 1;
	if (sum.start == (__s32)p->transport && is_checksum_field(p, sum.field - sum.start))
		return 0;
	p->carries = 1;
	return !carried(p) || sum.field < carried(p);
}

/* Parses the packet and checks that it does not change later. Returns a reason. */
static __always_inline int read_packet(struct __sk_buff *skb, struct ng_packet *p,
				       const struct ng_endpoint_config *config, int direction)
{
	if (!read_fast(skb, p, config, direction)) {
		__builtin_memset(p, 0, sizeof(*p));
		int reason = parse_packet(skb, p, (__u32)direction);

		if (reason != NG_R_NONE)
			return reason;
		p->key.local = (__u8)find_local(config, &p->local);
	}
	return is_rewritten(skb, p) ? NG_R_OFFLOAD : NG_R_NONE;
}

#endif
