/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * denyAction: Reject. Rewrites a packet that policy denies into an answer from its destination: a RST for TCP (RFC 9293,
 * section 3.5.2), otherwise an ICMP error "administratively prohibited" (RFC 1812, section 5.2.7.1; RFC 4443, section
 * 3.1). An answer to the pod goes directly through the veth. An answer to a peer enters the node through the pod's interface
 * and is routed; a mark that no pod can set lets it pass pod_egress, which clears the mark.
 *
 * Dropped without an answer: fragments, IP options, extension headers, RSTs, ICMP other than echo requests, anything but
 * unicast; from a peer also protocols other than TCP, UDP and ICMP; and packets over NG_REJECTS_PER_TICK.
 *
 * Checksums. The kernel may have left the packet's checksum to the device (CHECKSUM_PARTIAL), which a program neither sees
 * nor can undo: the device would write to the offset of the packet's checksum in the answer. So that field holds what such
 * a device expects, the sum of the pseudo header, and another field, unused in an answer, makes the sum correct without a
 * device. The answer is correct on the wire in both cases.
 */
#ifndef NG_REJECT_H
#define NG_REJECT_H

#include "fragment.h"
#include "packet.h"

#define NG_ANSWER_TTL 64
#define NG_IP4_DONT_FRAGMENT 0x4000
#define NG_QUOTED_TRANSPORT 8 /* bytes of the transport header that an ICMP error quotes (RFC 792) */

struct ng_tcp {
	__u16 be_source;
	__u16 be_destination;
	__u32 be_sequence;
	__u32 be_acknowledged;
	__u8 offset; /* words of the header, in the upper half */
	__u8 flags;
	__u16 window; /* ignored in a RST; balances the checksum */
	__u16 checksum;
	__u16 urgent;
};
struct ng_unreachable {
	__u8 type;
	__u8 code;
	__u16 checksum; /* balances */
	__u16 unused;
	__u16 seed; /* unused, at the offset of a UDP packet's checksum */
};

/* The two bytes before the link header align the other headers. */
struct ng_head4 {
	__u16 pad;
	struct ethhdr link;
	struct iphdr ip;
};
struct ng_head6 {
	__u16 pad;
	struct ethhdr link;
	struct ipv6hdr ip;
};
struct ng_reset4 {
	struct ng_head4 head;
	struct ng_tcp tcp;
};
struct ng_reset6 {
	struct ng_head6 head;
	struct ng_tcp tcp;
};
struct ng_error4 {
	struct ng_head4 head;
	struct ng_unreachable icmp;
	__u8 quote[sizeof(struct iphdr) + NG_QUOTED_TRANSPORT];
};
struct ng_error6 {
	struct ng_head6 head;
	struct ng_unreachable icmp;
	__u8 quote[sizeof(struct ipv6hdr) + NG_QUOTED_TRANSPORT];
};

static __always_inline __u16 fold_sum(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (__u16)((sum & 0xffff) + (sum >> 16));
}

/* Sums `size` bytes on the stack; `size` is a multiple of 4. */
static __always_inline __u32 sum_of(void *bytes, __u32 size)
{
	return (__u32)bpf_csum_diff(0, 0, bytes, size, 0);
}

/* The value of the balancing field, which is 0 in `transport`, while the checksum field holds `seed`. */
static __always_inline __u16 balance(void *transport, __u32 size, __u16 seed)
{
	return (__u16)~fold_sum((__u64)sum_of(transport, size) + seed);
}

static __always_inline __u16 seed4(const struct iphdr *ip, __u16 length)
{
	struct {
		__u32 source;
		__u32 destination;
		__u16 be_protocol;
		__u16 be_length;
	} pseudo = {ip->saddr, ip->daddr, bpf_htons(ip->protocol), bpf_htons(length)};

	return fold_sum(sum_of(&pseudo, sizeof(pseudo)));
}

static __always_inline __u16 seed6(const struct ipv6hdr *ip, __u16 length)
{
	struct {
		struct in6_addr source;
		struct in6_addr destination;
		__u32 be_length;
		__u32 be_next;
	} pseudo = {ip->saddr, ip->daddr, bpf_htonl(length), bpf_htonl(ip->nexthdr)};

	return fold_sum(sum_of(&pseudo, sizeof(pseudo)));
}

static __always_inline void reverse_link(struct ethhdr *link)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, link->h_dest, ETH_ALEN);
	__builtin_memcpy(link->h_dest, link->h_source, ETH_ALEN);
	__builtin_memcpy(link->h_source, mac, ETH_ALEN);
}

/* Makes the packet's headers those of the answer, with `length` bytes after the IP header. */
static __always_inline void reverse_head4(struct ng_head4 *head, __u8 protocol, __u16 length)
{
	__u32 source = head->ip.daddr;
	__u32 destination = head->ip.saddr;
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tot_len = bpf_htons(sizeof(struct iphdr) + length),
		.frag_off = bpf_htons(NG_IP4_DONT_FRAGMENT),
		.ttl = NG_ANSWER_TTL,
		.protocol = protocol,
		.saddr = source,
		.daddr = destination,
	};

	reverse_link(&head->link);
	ip.check = (__u16)~fold_sum(sum_of(&ip, sizeof(ip)));
	head->ip = ip;
}

static __always_inline void reverse_head6(struct ng_head6 *head, __u8 protocol, __u16 length)
{
	struct ipv6hdr ip = {
		.version = 6,
		.payload_len = bpf_htons(length),
		.nexthdr = protocol,
		.hop_limit = NG_ANSWER_TTL,
		.saddr = head->ip.daddr,
		.daddr = head->ip.saddr,
	};

	reverse_link(&head->link);
	head->ip = ip;
}

/* Makes the segment's header a RST. `segment`: bytes of the segment by the IP header. */
static __always_inline void make_rst(struct ng_tcp *tcp, __u32 segment)
{
	__u32 header = (tcp->offset >> 4) * 4;
	__u32 data = segment > header ? segment - header : 0;
	__u32 next = bpf_ntohl(tcp->be_sequence) + data + !!(tcp->flags & NG_TCP_SYN) + !!(tcp->flags & NG_TCP_FIN);
	__u32 acknowledges = tcp->flags & NG_TCP_ACK;
	struct ng_tcp rst = {
		.be_source = tcp->be_destination,
		.be_destination = tcp->be_source,
		.be_sequence = acknowledges ? tcp->be_acknowledged : 0,
		.be_acknowledged = acknowledges ? 0 : bpf_htonl(next),
		.offset = sizeof(struct ng_tcp) / 4 << 4,
		.flags = acknowledges ? NG_TCP_RST : NG_TCP_RST | NG_TCP_ACK,
	};

	*tcp = rst;
}

/* Replaces the packet with `size` bytes of answer. Returns non-zero on failure. */
static __always_inline int replace(struct __sk_buff *skb, void *answer, __u32 size)
{
	return bpf_skb_change_tail(skb, size, 0) || bpf_skb_store_bytes(skb, 0, answer, size, BPF_F_RECOMPUTE_CSUM);
}

/* Completes the checksum of the RST, and replaces the packet with it. Non-zero: failed. */
static __always_inline int send_rst4(struct __sk_buff *skb, struct ng_reset4 *a)
{
	a->tcp.checksum = seed4(&a->head.ip, sizeof(a->tcp));
	a->tcp.window = balance(&a->tcp, sizeof(a->tcp), a->tcp.checksum);
	return replace(skb, &a->head.link, sizeof(*a) - sizeof(a->head.pad));
}

static __always_inline int send_rst6(struct __sk_buff *skb, struct ng_reset6 *a)
{
	a->tcp.checksum = seed6(&a->head.ip, sizeof(a->tcp));
	a->tcp.window = balance(&a->tcp, sizeof(a->tcp), a->tcp.checksum);
	return replace(skb, &a->head.link, sizeof(*a) - sizeof(a->head.pad));
}

static __always_inline int reset4(struct __sk_buff *skb)
{
	struct ng_reset4 a = {};

	if (bpf_skb_load_bytes(skb, 0, &a.head.link, sizeof(a) - sizeof(a.head.pad)))
		return 1;
	make_rst(&a.tcp, bpf_ntohs(a.head.ip.tot_len) - sizeof(struct iphdr));
	reverse_head4(&a.head, IPPROTO_TCP, sizeof(a.tcp));
	return send_rst4(skb, &a);
}

static __always_inline int reset6(struct __sk_buff *skb)
{
	struct ng_reset6 a = {};

	if (bpf_skb_load_bytes(skb, 0, &a.head.link, sizeof(a) - sizeof(a.head.pad)))
		return 1;
	make_rst(&a.tcp, bpf_ntohs(a.head.ip.payload_len));
	reverse_head6(&a.head, IPPROTO_TCP, sizeof(a.tcp));
	return send_rst6(skb, &a);
}

static __always_inline int error4(struct __sk_buff *skb)
{
	struct ng_error4 a = {};

	if (bpf_skb_load_bytes(skb, 0, &a.head.link, sizeof(a.head) - sizeof(a.head.pad)) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN, a.quote, sizeof(a.quote)))
		return 1;
	reverse_head4(&a.head, IPPROTO_ICMP, sizeof(a.icmp) + sizeof(a.quote));
	a.icmp.type = NG_ICMP_UNREACHABLE;
	a.icmp.code = NG_ICMP_PROHIBITED;
	/* ICMP has no pseudo header, so the seed is zero. */
	a.icmp.checksum = balance(&a.icmp, sizeof(a.icmp) + sizeof(a.quote), 0);
	return replace(skb, &a.head.link, sizeof(a) - sizeof(a.head.pad));
}

static __always_inline int error6(struct __sk_buff *skb)
{
	struct ng_error6 a = {};
	__u16 length = sizeof(a.icmp) + sizeof(a.quote);

	if (bpf_skb_load_bytes(skb, 0, &a.head.link, sizeof(a.head) - sizeof(a.head.pad)) ||
	    bpf_skb_load_bytes(skb, ETH_HLEN, a.quote, sizeof(a.quote)))
		return 1;
	reverse_head6(&a.head, IPPROTO_ICMPV6, length);
	a.icmp.type = NG_ICMP6_UNREACHABLE;
	a.icmp.code = NG_ICMP6_PROHIBITED;
	a.icmp.seed = seed6(&a.head.ip, length);
	a.icmp.checksum = balance(&a.icmp, sizeof(a.icmp) + sizeof(a.quote), a.icmp.seed);
	return replace(skb, &a.head.link, sizeof(a) - sizeof(a.head.pad));
}

/* Global functions, so that each has its own stack. */
int reject_tcp4(struct __sk_buff *skb)
{
	return reset4(skb);
}
int reject_tcp6(struct __sk_buff *skb)
{
	return reset6(skb);
}
int reject_other4(struct __sk_buff *skb)
{
	return error4(skb);
}
int reject_other6(struct __sk_buff *skb)
{
	return error6(skb);
}

static __always_inline int is_unicast(const struct ng_addr *addr)
{
	if (addr_is_v4(addr)) {
		__u8 first = (__u8)(bpf_ntohl(addr->w[3]) >> 24);

		return first != 0 && first != 127 && first < 224;
	}
	if (addr->w[0] | addr->w[1] | addr->w[2])
		return (bpf_ntohl(addr->w[0]) >> 24) != 0xff;
	return bpf_ntohl(addr->w[3]) > 1; /* neither :: nor ::1 */
}

/* May the packet be answered (RFC 1122, section 3.2.2; RFC 4443, section 2.4)? */
static __always_inline int is_answerable(struct __sk_buff *skb, const struct ng_packet *p, __u32 direction)
{
	__u32 plain = ETH_HLEN + (p->is_v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr));
	__u8 group;

	if (p->fragment != NG_WHOLE || p->transport != plain || !is_unicast(&p->key.remote))
		return 0;
	if (bpf_skb_load_bytes(skb, 0, &group, 1) || group & 1)
		return 0;
	if (p->key.protocol == IPPROTO_TCP)
		return !(p->tcp_flags & NG_TCP_RST);
	if (p->is_icmp)
		return is_echo_request(p);
	return direction == NG_EGRESS || p->key.protocol == IPPROTO_UDP;
}

static __always_inline int may_reject(__u32 slot)
{
	struct ng_deny_budget *budget = budget_of(slot, tick_of(boot_time()));

	if (!budget || budget->rejected >= NG_REJECTS_PER_TICK)
		return 0;
	budget->rejected += 1;
	return 1;
}

/* Answers a denied packet or drops it. Returns the action. */
int reject(struct __sk_buff *skb, const struct ng_packet *p, __u32 slot, __u32 direction)
{
	int failed;

	if (!p || !is_answerable(skb, p, direction) || !may_reject(slot))
		return NG_DROP;
	if (p->key.protocol == IPPROTO_TCP)
		failed = p->is_v6 ? reject_tcp6(skb) : reject_tcp4(skb);
	else
		failed = p->is_v6 ? reject_other6(skb) : reject_other4(skb);
	if (failed)
		return NG_DROP;
	count(slot, NG_R_REJECTED);
	if (direction == NG_EGRESS)
		return (int)bpf_redirect_peer(skb->ifindex, 0);
	skb->mark = answer_mark;
	return (int)bpf_redirect(skb->ifindex, BPF_F_INGRESS);
}

/* Passes an answer made here. A pod cannot send its mark: a veth clears the mark of packets from another namespace. */
static __always_inline int pass_answer(struct __sk_buff *skb)
{
	skb->mark = 0;
	return NG_NEXT;
}

/* Turns the verdict into an action. */
static __always_inline int apply_verdict(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
					 const struct ng_packet *p, int verdict, __u32 direction)
{
	if (verdict == NG_BIND) {
		bpf_tail_call(skb, &tails, direction == NG_EGRESS ? NG_TAIL_TLS_EGRESS : NG_TAIL_TLS_INGRESS);
		return NG_DROP;
	}
	if (verdict != NG_REFUSE && verdict != NG_RESET)
		return verdict;
	return config->flags & NG_ENDPOINT_REJECT || verdict == NG_RESET ? reject(skb, p, slot, direction) : NG_DROP;
}

#endif
