/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Parses a frame for the verdict. The caller drops the packet if the reason returned is not NG_R_NONE. Headers at the
 * usual offsets are read directly; IPv4 options and IPv6 extension headers through bpf_skb_load_bytes, which also works
 * outside the linear part.
 */
#ifndef NG_PACKET_H
#define NG_PACKET_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "common.h"

#define NG_MAX_EXTENSION_HEADERS 6
#define NG_IP4_PLAIN 0x45 /* version and length of a header without options */
#define NG_IP4_FRAGMENT 0x3fff /* more-fragments bit and offset */
#define NG_IP4_OFFSET 0x1fff
#define NG_IP4_OPTIONS_END 0
#define NG_IP4_NO_OPTION 1
#define NG_IP4_LOOSE_ROUTE 131
#define NG_IP4_STRICT_ROUTE 137
#define NG_TCP_HEADER 20
#define NG_SHORT_HEADER 8 /* of UDP and ICMP; the first bytes of SCTP with the ports */
/* ICMP types. linux/icmp.h includes the C library's socket headers, which do not compile for BPF. */
#define NG_ICMP_ECHO 8
#define NG_ICMP_ECHO_REPLY 0
#define NG_ICMP_UNREACHABLE 3
#define NG_ICMP_PROHIBITED 13 /* code: communication administratively prohibited */
#define NG_ICMP_TIMESTAMP 13
#define NG_ICMP_MASK_REPLY 18
#define NG_ICMP6_ECHO 128
#define NG_ICMP6_ECHO_REPLY 129
#define NG_ICMP6_UNREACHABLE 1
#define NG_ICMP6_PROHIBITED 1
#define NG_TCP_FIN 0x01
#define NG_TCP_SYN 0x02
#define NG_TCP_RST 0x04
#define NG_TCP_ACK 0x10

enum ng_fragment { NG_WHOLE = 0, NG_FIRST_FRAGMENT = 1, NG_LATER_FRAGMENT = 2 };

struct ng_packet {
	struct ng_flow_key key; /* find_local() fills `local` */
	struct ng_addr local;
	__u32 transport; /* offset of the transport header in the frame, or of a later fragment's data */
	__u32 end; /* offset of the end of the IP packet, from its own length; padding after it is never read */
	__u32 fragment_start; /* offset in the frame of the fragmentable part */
	__u32 fragment_offset; /* in bytes; 0 unless a later fragment */
	__u32 be_frag_id;
	__u8 fragment; /* enum ng_fragment */
	__u8 tcp_flags;
	__u8 is_icmp; /* 1: type and code below are set */
	__u8 icmp_type;
	__u8 icmp_code;
	__u8 hop_limit;
	__u8 is_v6;
	__u8 has_fragment_header; /* IPv6; also set for an atomic fragment (RFC 6946), whose `fragment` is NG_WHOLE */
	__u8 carries; /* may carry another packet, whose checksum is still to be written (offload.h) */
	__u8 pad;
	__u16 be_udp_length; /* from the UDP header */
};
/* read_fast() writes whole words. */
_Static_assert(__builtin_offsetof(struct ng_packet, key.be_local_port) == 2 * 8, "word 2: ports, protocol, local");
_Static_assert(__builtin_offsetof(struct ng_packet, local) == 3 * 8, "words 3 and 4");
_Static_assert(__builtin_offsetof(struct ng_packet, transport) == 5 * 8, "word 5: transport, end");
_Static_assert(sizeof(struct ng_packet) == 9 * 8, "words 6 to 8: the rest");

static __always_inline void addr_from_v4(struct ng_addr *out, __u32 be_addr)
{
	out->w[0] = 0;
	out->w[1] = 0;
	out->w[2] = bpf_htonl(0xffff);
	out->w[3] = be_addr;
}

static __always_inline void set_ports(struct ng_packet *p, int direction, __u16 source, __u16 destination)
{
	p->key.be_local_port = direction == NG_EGRESS ? source : destination;
	p->key.be_remote_port = direction == NG_EGRESS ? destination : source;
}

static __always_inline int is_icmp_protocol(const struct ng_packet *p)
{
	return p->key.protocol == (p->is_v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

static __always_inline int is_icmp_error(const struct ng_packet *p)
{
	if (!p->is_icmp)
		return 0;
	if (p->is_v6)
		return p->icmp_type >= 1 && p->icmp_type <= 4;
	return p->icmp_type == 3 || p->icmp_type == 11 || p->icmp_type == 12;
}

static __always_inline int is_echo_request(const struct ng_packet *p)
{
	return p->is_icmp && p->icmp_type == (p->is_v6 ? NG_ICMP6_ECHO : NG_ICMP_ECHO);
}

/* A request with a matching reply type: echo, and IPv4's timestamp, information and address mask. */
static __always_inline int is_icmp_request(const struct ng_packet *p)
{
	return is_echo_request(p) || (p->is_icmp && !p->is_v6 && p->icmp_type >= NG_ICMP_TIMESTAMP &&
				      p->icmp_type <= NG_ICMP_MASK_REPLY && p->icmp_type & 1);
}

static __always_inline int has_ports(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_UDPLITE;
}

static __always_inline int is_echo(int is_v6, __u8 type)
{
	return is_v6 ? type == NG_ICMP6_ECHO || type == NG_ICMP6_ECHO_REPLY
		     : type == NG_ICMP_ECHO || type == NG_ICMP_ECHO_REPLY;
}

/*
 * The values used as ports in a flow's key. Echo request and reply share the flow of their identifier. The other requests of
 * ICMP (timestamp, information, address mask) share one with their replies, whose type is one higher.
 */
static __always_inline void icmp_ports(int is_v6, __u8 type, __u16 identifier, __u16 *local, __u16 *remote)
{
	*local = identifier;
	*remote = identifier;
	if (is_echo(is_v6, type))
		return;
	*local = !is_v6 && type >= NG_ICMP_TIMESTAMP && type <= NG_ICMP_MASK_REPLY ? (type - 1) | 1 : type;
	*remote = NG_NOT_ECHO;
}

static __always_inline void set_icmp(struct ng_packet *p, const __u8 *header)
{
	__u16 identifier;

	p->is_icmp = 1;
	p->icmp_type = header[0];
	p->icmp_code = header[1];
	__builtin_memcpy(&identifier, header + 4, sizeof(identifier));
	icmp_ports(p->is_v6, header[0], identifier, &p->key.be_local_port, &p->key.be_remote_port);
}

/* The transport header without options must be within the IP packet, also in a first fragment (RFC 3128). */
static __always_inline int transport_fits(const struct ng_packet *p)
{
	return p->transport + (p->key.protocol == IPPROTO_TCP ? NG_TCP_HEADER : NG_SHORT_HEADER) <= p->end;
}

/* Reads a transport header at an unusual offset. */
static __noinline int load_transport(struct __sk_buff *skb, struct ng_packet *p, int direction)
{
	__u8 header[14] = {};
	__u16 source, destination;

	if (p->key.protocol == IPPROTO_TCP) {
		if (bpf_skb_load_bytes(skb, p->transport, header, 14))
			return NG_R_MALFORMED;
		p->tcp_flags = header[13];
	} else if (bpf_skb_load_bytes(skb, p->transport, header, 8)) {
		return NG_R_MALFORMED;
	}
	if (is_icmp_protocol(p)) {
		set_icmp(p, header);
		return NG_R_NONE;
	}
	__builtin_memcpy(&source, header, 2);
	__builtin_memcpy(&destination, header + 2, 2);
	__builtin_memcpy(&p->be_udp_length, header + 4, 2);
	set_ports(p, direction, source, destination);
	return NG_R_NONE;
}

/* Reads the transport header: directly if it follows a plain IP header in the linear part, as it nearly always does. */
static __always_inline int read_transport(struct __sk_buff *skb, struct ng_packet *p, int direction, __u32 usual)
{
	void *data = packet_start(skb);
	void *end = packet_end(skb);
	__u8 *header = data + usual;

	if (!has_ports(p->key.protocol) && !is_icmp_protocol(p))
		return NG_R_NONE;
	if (!transport_fits(p))
		return NG_R_MALFORMED;
	if (p->transport != usual || is_icmp_protocol(p) || (void *)(header + 14) > end)
		return load_transport(skb, p, direction);
	set_ports(p, direction, *(__u16 *)header, *(__u16 *)(header + 2));
	p->be_udp_length = *(__u16 *)(header + 4);
	if (p->key.protocol == IPPROTO_TCP)
		p->tcp_flags = header[13];
	return NG_R_NONE;
}

/*
 * Sets the end of the IP packet from its length field, which does not include the first `fixed` bytes. The field is 0 for a
 * segmentation offload that is too large for it (BIG TCP): the packet is then as long as the frame. Returns non-zero if
 * the frame is shorter than the packet.
 */
static __always_inline int set_end(const struct __sk_buff *skb, struct ng_packet *p, __u32 fixed, __u16 be_length)
{
	__u32 frame = skb->len;

	p->end = ETH_HLEN + fixed + bpf_ntohs(be_length);
	if (!be_length && frame > ETH_HLEN + 0xffff && skb->gso_size)
		p->end = frame;
	return p->end > frame;
}

/* The options of an IPv4 header, and the offset of the next. */
struct ng_ip4_options {
	__u8 bytes[64]; /* at most 40 in use */
	__u32 size;
	__u32 at;
};

enum ng_option { NG_OPTION_GOOD, NG_OPTION_LAST, NG_OPTION_BAD };

/* Moves to the next option. Global, so that it is verified once, on its own. */
int next_option(struct ng_ip4_options *o)
{
	if (!o || o->at >= o->size)
		return NG_OPTION_LAST;
	__u8 type = o->bytes[o->at & 63];
	__u8 length = o->bytes[(o->at + 1) & 63];
	if (type == NG_IP4_OPTIONS_END)
		return NG_OPTION_LAST;
	if (type == NG_IP4_LOOSE_ROUTE || type == NG_IP4_STRICT_ROUTE)
		return NG_OPTION_BAD;
	if (type == NG_IP4_NO_OPTION)
		length = 1;
	else if (length < 2)
		return NG_OPTION_BAD;
	o->at += length;
	return o->at > o->size ? NG_OPTION_BAD : NG_OPTION_GOOD;
}

/* Refuses source routes, as in IPv6: they send the packet to an address that was not judged. */
static __noinline int read_options(struct __sk_buff *skb, __u32 bytes)
{
	struct ng_ip4_options options = {.size = bytes};

	if (bytes < 4 || bytes > 40 || bpf_skb_load_bytes(skb, ETH_HLEN + sizeof(struct iphdr), options.bytes, bytes))
		return NG_R_MALFORMED;
	for (int i = 0; i <= 40; i++) {
		int option = next_option(&options);

		if (option != NG_OPTION_GOOD)
			return option == NG_OPTION_LAST ? NG_R_NONE : NG_R_MALFORMED;
	}
	return NG_R_MALFORMED;
}

static __always_inline int parse_ip4(struct __sk_buff *skb, struct ng_packet *p, int direction)
{
	void *data = packet_start(skb);
	void *end = packet_end(skb);
	struct iphdr *ip = data + ETH_HLEN;

	if ((void *)(ip + 1) > end || ip->version != 4 || ip->ihl < 5)
		return NG_R_MALFORMED;
	addr_from_v4(&p->key.remote, direction == NG_EGRESS ? ip->daddr : ip->saddr);
	addr_from_v4(&p->local, direction == NG_EGRESS ? ip->saddr : ip->daddr);
	p->key.protocol = ip->protocol;
	p->hop_limit = ip->ttl;
	p->transport = ETH_HLEN + ip->ihl * 4;
	if (set_end(skb, p, 0, ip->tot_len) || p->transport > p->end)
		return NG_R_MALFORMED;
	__u16 fragment = bpf_ntohs(ip->frag_off) & NG_IP4_FRAGMENT;
	__u16 id = ip->id;
	if (ip->ihl > 5 && read_options(skb, p->transport - ETH_HLEN - sizeof(struct iphdr)))
		return NG_R_MALFORMED;
	if (fragment) {
		p->be_frag_id = id;
		p->fragment_start = p->transport;
		p->fragment = fragment & NG_IP4_OFFSET ? NG_LATER_FRAGMENT : NG_FIRST_FRAGMENT;
		p->fragment_offset = (fragment & NG_IP4_OFFSET) * 8;
		if (p->fragment == NG_LATER_FRAGMENT)
			return NG_R_NONE;
	}
	return read_transport(skb, p, direction, ETH_HLEN + sizeof(struct iphdr));
}

/* Follows IPv6 extension headers to the transport header. Refuses routing headers. */
static __noinline int skip_extensions(struct __sk_buff *skb, struct ng_packet *p)
{
	__u8 next = p->key.protocol;
	__u32 offset = ETH_HLEN + sizeof(struct ipv6hdr);

	for (int i = 0; i < NG_MAX_EXTENSION_HEADERS; i++) {
		__u8 header[8];

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS && next != IPPROTO_FRAGMENT) {
			p->key.protocol = next;
			p->transport = offset;
			return next == IPPROTO_ROUTING || offset > p->end ? NG_R_MALFORMED : NG_R_NONE;
		}
		if (offset + sizeof(header) > p->end || bpf_skb_load_bytes(skb, offset, header, sizeof(header)))
			return NG_R_MALFORMED;
		if (next == IPPROTO_FRAGMENT) {
			__u16 fragment = (__u16)(header[2] << 8 | header[3]);

			if (p->has_fragment_header)
				return NG_R_MALFORMED;
			p->has_fragment_header = 1;
			p->fragment = fragment & 0xfff8 ? NG_LATER_FRAGMENT
				      : fragment & 1	? NG_FIRST_FRAGMENT
							: NG_WHOLE;
			__builtin_memcpy(&p->be_frag_id, header + 4, sizeof(p->be_frag_id));
			p->fragment_offset = fragment & 0xfff8;
			offset += 8;
			p->fragment_start = offset;
		} else {
			offset += (header[1] + 1) * 8;
		}
		next = header[0];
		if (p->fragment == NG_LATER_FRAGMENT) {
			p->key.protocol = next;
			p->transport = offset;
			return offset > p->end ? NG_R_MALFORMED : NG_R_NONE;
		}
	}
	return NG_R_MALFORMED;
}

static __always_inline int parse_ip6(struct __sk_buff *skb, struct ng_packet *p, int direction)
{
	void *data = packet_start(skb);
	void *end = packet_end(skb);
	struct ipv6hdr *ip = data + ETH_HLEN;

	if ((void *)(ip + 1) > end || ip->version != 6)
		return NG_R_MALFORMED;
	__builtin_memcpy(&p->key.remote, direction == NG_EGRESS ? &ip->daddr : &ip->saddr, 16);
	__builtin_memcpy(&p->local, direction == NG_EGRESS ? &ip->saddr : &ip->daddr, 16);
	/* The programs represent IPv4 addresses as IPv4-mapped ones, so these must not appear on the wire. */
	if (addr_is_v4(&p->key.remote) || addr_is_v4(&p->local))
		return NG_R_MALFORMED;
	p->is_v6 = 1;
	p->key.protocol = ip->nexthdr;
	p->hop_limit = ip->hop_limit;
	p->transport = ETH_HLEN + sizeof(struct ipv6hdr);
	if (set_end(skb, p, sizeof(struct ipv6hdr), ip->payload_len))
		return NG_R_MALFORMED;
	if (ip->nexthdr != IPPROTO_TCP && ip->nexthdr != IPPROTO_UDP) {
		int reason = skip_extensions(skb, p);

		if (reason != NG_R_NONE || p->fragment == NG_LATER_FRAGMENT)
			return reason;
	}
	return read_transport(skb, p, direction, ETH_HLEN + sizeof(struct ipv6hdr));
}

/* Pulls link and IP header into the linear part, where they nearly always are. */
static __always_inline int make_linear(struct __sk_buff *skb, __u32 bytes)
{
	void *data = packet_start(skb);
	void *end = packet_end(skb);

	if (data + bytes <= end)
		return 0;
	return bpf_skb_pull_data(skb, skb->len < bytes ? skb->len : bytes);
}

/*
 * Fills *p, which must be zero. Global, so that it is verified once, on its own: in the caller the values are then unknown to
 * the verifier.
 */
int parse_packet(struct __sk_buff *skb, struct ng_packet *p, __u32 direction)
{
	if (!p || make_linear(skb, ETH_HLEN + sizeof(struct ipv6hdr)))
		return NG_R_MALFORMED;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return parse_ip4(skb, p, (int)direction);
	return parse_ip6(skb, p, (int)direction);
}

/* The index of the address among the endpoint's; NG_MAX_ENDPOINT_ADDRS: it is not one of them. */
static __always_inline __u32 find_local(const struct ng_endpoint_config *config, const struct ng_addr *local)
{
	for (__u32 i = 0; i < NG_MAX_ENDPOINT_ADDRS; i++) {
		if (i < config->n_addrs && addr_equal(&config->addrs[i], local))
			return i;
	}
	return NG_MAX_ENDPOINT_ADDRS;
}

/* Eight bytes of a struct or frame, accessed as a whole whatever its fields are. */
typedef __u64 __attribute__((may_alias)) ng_word;

/* Joins two halves in memory order. */
static __always_inline __u64 pair(__u32 first, __u32 second)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return first | (__u64)second << 32;
#else
	return (__u64)first << 32 | second;
#endif
}

/*
 * Fills everything but the addresses for read_fast(): ports, protocol and zeros. Writes whole words, because a load of a word
 * soon after byte stores to it stalls the processor.
 */
static __always_inline int fill_fast(struct ng_packet *p, const struct ng_endpoint_config *config, int direction,
				     const __u8 *header, const void *frame_end, __u32 transport, __u32 end,
				     __u8 protocol)
{
	ng_word *words = (ng_word *)p;
	__u32 bytes = protocol == IPPROTO_TCP ? NG_TCP_HEADER : NG_SHORT_HEADER;

	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || transport + bytes > end)
		return 0;
	__u32 ports = *(__u32 *)header;
	if (direction != NG_EGRESS)
		ports = ports << 16 | ports >> 16;
	words[2] = pair(ports, bpf_htonl((__u32)protocol << 24 | find_local(config, &p->local) << 16));
	words[5] = pair(transport, end);
	words[6] = 0;
	words[7] = 0;
	words[8] = 0;
	if (protocol == IPPROTO_UDP)
		p->be_udp_length = *(__u16 *)(header + 4);
	else if ((const void *)(header + NG_TCP_HEADER) > frame_end)
		return 0;
	else
		p->tcp_flags = header[13];
	return 1;
}

static __always_inline int read_fast4(const struct __sk_buff *skb, struct ng_packet *p,
				      const struct ng_endpoint_config *config, int direction)
{
	void *data = packet_start(skb);
	void *frame_end = packet_end(skb);
	struct iphdr *ip = data + ETH_HLEN;
	__u8 *header = (__u8 *)(ip + 1);
	ng_word *words = (ng_word *)p;

	if ((void *)(header + NG_SHORT_HEADER) > frame_end || *(__u8 *)ip != NG_IP4_PLAIN ||
	    ip->frag_off & bpf_htons(NG_IP4_FRAGMENT))
		return 0;
	__u32 end = ETH_HLEN + bpf_ntohs(ip->tot_len);
	if (end > skb->len)
		return 0;
	words[0] = 0;
	words[1] = pair(bpf_htonl(0xffff), direction == NG_EGRESS ? ip->daddr : ip->saddr);
	words[3] = 0;
	words[4] = pair(bpf_htonl(0xffff), direction == NG_EGRESS ? ip->saddr : ip->daddr);
	return fill_fast(p, config, direction, header, frame_end, ETH_HLEN + sizeof(*ip), end, ip->protocol);
}

static __always_inline int read_fast6(const struct __sk_buff *skb, struct ng_packet *p,
				      const struct ng_endpoint_config *config, int direction)
{
	void *data = packet_start(skb);
	void *frame_end = packet_end(skb);
	struct ipv6hdr *ip = data + ETH_HLEN;
	__u8 *header = (__u8 *)(ip + 1);
	ng_word *words = (ng_word *)p;

	if ((void *)(header + NG_SHORT_HEADER) > frame_end || ip->version != 6)
		return 0;
	__u32 end = ETH_HLEN + sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (end > skb->len)
		return 0;
	const ng_word *source = (const ng_word *)&ip->saddr;
	words[0] = source[direction == NG_EGRESS ? 2 : 0];
	words[1] = source[direction == NG_EGRESS ? 3 : 1];
	words[3] = source[direction == NG_EGRESS ? 0 : 2];
	words[4] = source[direction == NG_EGRESS ? 1 : 3];
	if (addr_is_v4(&p->key.remote) || addr_is_v4(&p->local) ||
	    !fill_fast(p, config, direction, header, frame_end, ETH_HLEN + sizeof(*ip), end, ip->nexthdr))
		return 0;
	p->is_v6 = 1;
	return 1;
}

/*
 * The fast path for nearly all packets: unfragmented TCP and UDP after a plain IP header, in the linear part, with the same
 * result as parse_packet(). Returns 0, with *p undefined, for any other packet, which parse_packet() then reads.
 */
static __always_inline int read_fast(const struct __sk_buff *skb, struct ng_packet *p,
				     const struct ng_endpoint_config *config, int direction)
{
	if (skb->protocol == bpf_htons(ETH_P_IP))
		return read_fast4(skb, p, config, direction);
	return read_fast6(skb, p, config, direction);
}

#endif
