/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The link below IP: source hardware address, ARP, IPv6 neighbour discovery and multicast listener reports. They pass in
 * every mode, but a pod may claim only its own addresses, and its messages must not leave the link. A message that is longer
 * than those a host sends is not treated as neighbour discovery but judged as any other packet, so that the exemption
 * cannot carry data.
 */
#ifndef NG_NEIGHBOUR_H
#define NG_NEIGHBOUR_H

#include "offload.h"
#include "packet.h"
#include "verdict.h"

#define NG_ARP_ETHERNET 1
#define NG_ND_ROUTER_SOLICITATION 133
#define NG_ND_ROUTER_ADVERTISEMENT 134
#define NG_ND_NEIGHBOUR_SOLICITATION 135
#define NG_ND_NEIGHBOUR_ADVERTISEMENT 136
#define NG_ND_REDIRECT 137
#define NG_MLD_QUERY 130
#define NG_MLD_DONE 132
#define NG_MLD2_REPORT 143
/* Longest messages in bytes. A neighbour's: fixed part and some options of 8 bytes (RFC 4861, section 4; RFC 7527). */
#define NG_ND_MAX 64
#define NG_ND_ROUTER_MAX 512 /* a router advertisement with prefixes and DNS servers */
#define NG_MLD_MAX 512 /* a report of 25 groups */
/* Before a listener report there are 8 bytes of extension header with a router alert (RFC 3810, section 5). */
#define NG_ND_TRANSPORT_MAX (ETH_HLEN + 40 + 8)
#define NG_ND_TARGET 24 /* bytes before the options of a neighbour solicitation or advertisement: header and target */
#define NG_ND_ROUTER_TARGET 8 /* bytes before the options of a router solicitation */
#define NG_ND_SOURCE_MAC 1 /* options */
#define NG_ND_TARGET_MAC 2
#define NG_SMALL_FRAME 64 /* the shortest Ethernet frame, to which shorter ones are padded */

struct ng_arp {
	__u16 be_link; /* Ethernet */
	__u16 be_protocol; /* IPv4 */
	__u8 mac_bytes;
	__u8 ip_bytes;
	__u16 operation;
	__u8 sender_mac[6];
	__u8 sender_ip[4];
	__u8 target_mac[6];
	__u8 target_ip[4];
};

static __always_inline int equal_mac(const __u8 *a, const __u8 *b)
{
	return *(__u32 *)a == *(__u32 *)b && *(__u16 *)(a + 4) == *(__u16 *)(b + 4);
}

static __always_inline int has_mac(const struct ng_endpoint_config *config)
{
	return *(__u32 *)config->mac | *(__u16 *)(config->mac + 4);
}

static __always_inline int has_own_mac(struct __sk_buff *skb, const struct ng_endpoint_config *config)
{
	void *end = packet_end(skb);
	struct ethhdr *eth = packet_start(skb);

	if ((void *)(eth + 1) > end)
		return 0;
	return equal_mac(eth->h_source, config->mac) || !has_mac(config);
}

static __always_inline int is_link_local(const struct ng_addr *addr)
{
	return (addr->w[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000);
}

/* Is it the link-local address of the pod's hardware address (RFC 4291, appendix A)? If that is unknown: any of them. */
static __always_inline int is_own_link_local(const struct ng_endpoint_config *config, const struct ng_addr *addr)
{
	const __u8 *mac = config->mac;

	if (!is_link_local(addr))
		return 0;
	if (!has_mac(config))
		return 1;
	return addr->w[0] == bpf_htonl(0xfe800000) && addr->w[1] == 0 &&
	       addr->w[2] == bpf_htonl((__u32)(mac[0] ^ 2) << 24 | (__u32)mac[1] << 16 | (__u32)mac[2] << 8 | 0xff) &&
	       addr->w[3] == bpf_htonl(0xfe000000 | (__u32)mac[3] << 16 | (__u32)mac[4] << 8 | mac[5]);
}

/* An address that the endpoint may claim on its link. */
static __always_inline int is_own(const struct ng_endpoint_config *config, const struct ng_addr *addr)
{
	return is_own_link_local(config, addr) || find_local(config, addr) < NG_MAX_ENDPOINT_ADDRS;
}

static __always_inline int is_link_multicast(const struct ng_addr *addr)
{
	return (addr->w[0] & bpf_htonl(0xffff0000)) == bpf_htonl(0xff020000);
}

static __always_inline int is_unspecified(const struct ng_addr *addr)
{
	return !(addr->w[0] | addr->w[1] | addr->w[2] | addr->w[3]);
}

/* The verdict for frames that are not IP: only ARP passes, and from the pod only if it claims the pod's own addresses. */
static __always_inline int judge_link(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
				      int direction)
{
	struct ng_arp arp;
	struct ng_addr claimed;
	struct ng_checksum sum;
	__u32 be_sender, be_target;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return drop(slot, NG_R_NOT_IP);
	if (skb->len > NG_SMALL_FRAME)
		return drop(slot, NG_R_MALFORMED);
	if (direction == NG_INGRESS)
		return NG_NEXT;
	if (awaits_checksum(skb, &sum))
		return drop(slot, NG_R_OFFLOAD);
	if (bpf_skb_load_bytes(skb, ETH_HLEN, &arp, sizeof(arp)) || arp.be_link != bpf_htons(NG_ARP_ETHERNET) ||
	    arp.be_protocol != bpf_htons(ETH_P_IP) || arp.mac_bytes != ETH_ALEN || arp.ip_bytes != sizeof(be_sender))
		return drop(slot, NG_R_MALFORMED);
	if (has_mac(config) && !equal_mac(arp.sender_mac, config->mac))
		return drop(slot, NG_R_SPOOFED);
	/* Without a sender address it is a probe, which claims its target (RFC 5227, section 2.1.1). */
	__builtin_memcpy(&be_sender, arp.sender_ip, sizeof(be_sender));
	__builtin_memcpy(&be_target, arp.target_ip, sizeof(be_target));
	addr_from_v4(&claimed, be_sender ? be_sender : be_target);
	return find_local(config, &claimed) < NG_MAX_ENDPOINT_ADDRS ? NG_NEXT : drop(slot, NG_R_SPOOFED);
}

/* Is the message within its limit, with no data after it in the frame? */
static __always_inline int is_short(const struct __sk_buff *skb, const struct ng_packet *p)
{
	__u32 most = p->icmp_type == NG_ND_ROUTER_ADVERTISEMENT					   ? NG_ND_ROUTER_MAX
		     : p->icmp_type >= NG_ND_ROUTER_SOLICITATION && p->icmp_type <= NG_ND_REDIRECT ? NG_ND_MAX
												   : NG_MLD_MAX;

	return p->end - p->transport <= most && skb->len <= p->end && p->transport <= NG_ND_TRANSPORT_MAX;
}

static __always_inline int is_neighbour_discovery(const struct __sk_buff *skb, const struct ng_packet *p,
						  const struct ng_addr *sender)
{
	if (!p->is_v6 || !p->is_icmp || p->fragment != NG_WHOLE || !is_short(skb, p))
		return 0;
	if (p->icmp_type >= NG_ND_ROUTER_SOLICITATION && p->icmp_type <= NG_ND_REDIRECT)
		return p->hop_limit == 255;
	/* Listener messages have hop limit 1, which does not prove that they come from the link. Their source does: it must
	 * be link-local, or unspecified before the host has an address (RFC 3810, section 5). */
	if (!is_link_local(sender) && !is_unspecified(sender))
		return 0;
	return (p->icmp_type >= NG_MLD_QUERY && p->icmp_type <= NG_MLD_DONE) || p->icmp_type == NG_MLD2_REPORT;
}

/* Checks that hardware addresses in the options are the pod's own. Returns a reason. */
static __noinline int judge_nd_options(struct __sk_buff *skb, const struct ng_endpoint_config *config,
				       const struct ng_packet *p)
{
	__u32 at = p->transport + (p->icmp_type == NG_ND_ROUTER_SOLICITATION ? NG_ND_ROUTER_TARGET : NG_ND_TARGET);

	for (int i = 0; i < (NG_ND_MAX - NG_ND_ROUTER_TARGET) / 8 && at < p->end; i++) {
		__u8 option[8]; /* type, length in 8 bytes, address */

		if (at + sizeof(option) > p->end || bpf_skb_load_bytes(skb, at, option, sizeof(option)) || !option[1])
			return NG_R_MALFORMED;
		if ((option[0] == NG_ND_SOURCE_MAC || option[0] == NG_ND_TARGET_MAC) && has_mac(config) &&
		    (*(__u16 *)(option + 2) != *(__u16 *)config->mac ||
		     *(__u32 *)(option + 4) != *(__u32 *)(config->mac + 2)))
			return NG_R_SPOOFED;
		at += (__u32)option[1] * 8;
	}
	return at == p->end ? NG_R_NONE : NG_R_MALFORMED;
}

/* The verdict for a message from the pod: only what a host sends, to its link, about its own addresses. */
static __always_inline int judge_neighbour(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
					   const struct ng_packet *p)
{
	struct ng_addr target;

	if (p->icmp_type == NG_ND_REDIRECT || p->icmp_type == NG_MLD_QUERY ||
	    p->icmp_type == NG_ND_ROUTER_ADVERTISEMENT)
		return drop(slot, NG_R_SPOOFED);
	if (!is_link_local(&p->key.remote) && !is_link_multicast(&p->key.remote))
		return drop(slot, NG_R_SPOOFED);
	int detects = is_unspecified(&p->local);
	if (!detects && !is_own(config, &p->local))
		return drop(slot, NG_R_SPOOFED);
	if (p->icmp_type >= NG_ND_ROUTER_SOLICITATION && p->icmp_type <= NG_ND_REDIRECT) {
		int reason = judge_nd_options(skb, config, p);

		if (reason != NG_R_NONE)
			return drop(slot, (__u32)reason);
	}
	/* Advertisements and solicitations for duplicate address detection claim their target (RFC 4862, section 5.4.2). */
	if (p->icmp_type != NG_ND_NEIGHBOUR_ADVERTISEMENT && !(p->icmp_type == NG_ND_NEIGHBOUR_SOLICITATION && detects))
		return NG_NEXT;
	__u32 at = p->transport + 8;
	if (at + sizeof(target) > p->end || bpf_skb_load_bytes(skb, at, &target, sizeof(target)))
		return drop(slot, NG_R_MALFORMED);
	return is_own(config, &target) && !addr_is_v4(&target) ? NG_NEXT : drop(slot, NG_R_SPOOFED);
}

/* A packet to an address that is not the pod's, such as multicast: passes if ingress is open. */
static __always_inline int judge_stray(__u32 slot, const struct ng_endpoint_config *config)
{
	return config->direction[NG_INGRESS].policy ? drop(slot, NG_R_DENIED) : NG_NEXT;
}

#endif
