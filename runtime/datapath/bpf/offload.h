/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Nothing that was judged changes afterwards. A sender may leave work on its packet to the kernel or the device, and
 * chooses where: a checksum that is still to be written (CHECKSUM_PARTIAL) goes to csum_start + csum_offset, which a
 * packet socket (PACKET_VNET_HDR) sets to whatever it likes, ports and addresses included. So it may only go to the
 * checksum field of the header that was judged, or, as in the packets of a tunnel, behind all that was judged.
 *
 * A segmentation offload is held to the same by its checksum, and repeats the headers that parse_packet() found. A
 * datagram that is to be cut into fragments (UFO) does not come here: no veth takes that work over.
 */
#ifndef NG_OFFLOAD_H
#define NG_OFFLOAD_H

#include "kernel.h"
#include "packet.h"

#define NG_CHECKSUM_PARTIAL 3

/* Costs nothing, but is not there before kernel 6.2. */
extern void *bpf_cast_to_kern_ctx(void *context) __ksym __weak;

struct ng_checksum {
	__s32 start; /* offset in the frame of what is summed up */
	__s32 field; /* and of where the sum goes */
};

/* The field, whose bits are in one byte. BPF_CORE_READ_BITFIELD() would be several jumps for each packet. */
static __always_inline __u64 ip_summed_of(const struct sk_buff *kernel)
{
	const __u8 *byte = (const __u8 *)kernel + __CORE_RELO(kernel, ip_summed, BYTE_OFFSET);
	__u64 bits = (__u64)*byte << __CORE_RELO(kernel, ip_summed, LSHIFT_U64);

	return bits >> __CORE_RELO(kernel, ip_summed, RSHIFT_U64);
}

/* Is a checksum still to be written? Then *out says where. */
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
 * Has the protocol its checksum there, from the transport header on? ICMP may have one at 6 too, where nothing is judged:
 * an error that Reject made of a UDP packet, whose checksum was still to be written (reject.h).
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

/* What may carry another packet, whose checksum it is then: where that begins at the earliest. 0: carries none. */
static __always_inline __s32 carried(const struct ng_packet *p)
{
	if (p->key.protocol == IPPROTO_UDP)
		return (__s32)p->transport + NG_SHORT_HEADER;
	return has_ports(p->key.protocol) || is_icmp_protocol(p) ? 0 : (__s32)p->transport;
}

/* Will the kernel write over what was judged? Of a parsed packet. */
static __always_inline int is_rewritten(struct __sk_buff *skb, struct ng_packet *p)
{
	struct ng_checksum sum;

	if (!awaits_checksum(skb, &sum))
		return 0;
	/* Who cuts a packet into fragments completes its checksum first. */
	if (p->fragment != NG_WHOLE)
		return 1;
	if (sum.start == (__s32)p->transport && is_checksum_field(p, sum.field - sum.start))
		return 0;
	p->carries = 1;
	return !carried(p) || sum.field < carried(p);
}

/* Reads the packet, and makes sure that it stays what it is. */
static __always_inline int read_packet(struct __sk_buff *skb, struct ng_packet *p,
				       const struct ng_endpoint_config *config, int direction)
{
	if (!read_usual(skb, p, config, direction)) {
		__builtin_memset(p, 0, sizeof(*p));
		int reason = parse_packet(skb, p, (__u32)direction);

		if (reason != NG_R_NONE)
			return reason;
		p->key.local = (__u8)find_local(config, &p->local);
	}
	return is_rewritten(skb, p) ? NG_R_OFFLOAD : NG_R_NONE;
}

#endif
