/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The link below IP: source hardware address, ARP, IPv6 neighbour discovery and multicast listener reports.
 * They pass in every mode, but a pod speaks for its own addresses only, and nothing of it leaves the link.
 */
#ifndef NG_NEIGHBOUR_H
#define NG_NEIGHBOUR_H

#include "offload.h"
#include "packet.h"
#include "verdict.h"

#define NG_ND_ROUTER_SOLICITATION 133
#define NG_ND_NEIGHBOUR_SOLICITATION 135
#define NG_ND_NEIGHBOUR_ADVERTISEMENT 136
#define NG_ND_REDIRECT 137
#define NG_MLD_QUERY 130
#define NG_MLD_DONE 132
#define NG_MLD2_REPORT 143

struct ng_arp {
	__u8 fixed[6]; /* types and lengths */
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

static __always_inline int own_mac(struct __sk_buff *skb, const struct ng_endpoint_config *config)
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

/* The link-local address that a host makes of its hardware address (RFC 4291, appendix A), or any where that is unknown. */
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

/* One that the endpoint may speak for on its link. */
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

/* Frames that are not IP: ARP, and from the pod only ARP that claims the pod's own addresses. */
static __always_inline int judge_link(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
				      int direction)
{
	struct ng_arp arp;
	struct ng_addr sender;
	struct ng_checksum sum;
	__u32 be_addr;

	if (skb->protocol != bpf_htons(ETH_P_ARP))
		return drop(slot, NG_R_NOT_IP);
	if (direction == NG_INGRESS)
		return NG_NEXT;
	if (awaits_checksum(skb, &sum))
		return drop(slot, NG_R_OFFLOAD);
	if (load_own(skb, ETH_HLEN, &arp, sizeof(arp)))
		return drop(slot, NG_R_MALFORMED);
	if (has_mac(config) && !equal_mac(arp.sender_mac, config->mac))
		return drop(slot, NG_R_SPOOFED);
	__builtin_memcpy(&be_addr, arp.sender_ip, sizeof(be_addr));
	addr_from_v4(&sender, be_addr);
	if (be_addr && find_local(config, &sender) >= NG_MAX_ENDPOINT_ADDRS)
		return drop(slot, NG_R_SPOOFED);
	return NG_NEXT;
}

static __always_inline int is_neighbour_discovery(const struct ng_packet *p, const struct ng_addr *sender)
{
	if (!p->is_v6 || !p->is_icmp || p->fragment != NG_WHOLE)
		return 0;
	if (p->icmp_type >= NG_ND_ROUTER_SOLICITATION && p->icmp_type <= NG_ND_REDIRECT)
		return p->hop_limit == 255;
	/* Listener messages come with no proof of the hop limit (it is 1), so those from further away are told by
	 * their source, which RFC 3810 section 5 wants link-local, or unspecified before there is an address. */
	if (!is_link_local(sender) && !is_unspecified(sender))
		return 0;
	return (p->icmp_type >= NG_MLD_QUERY && p->icmp_type <= NG_MLD_DONE) || p->icmp_type == NG_MLD2_REPORT;
}

/* From the pod: what a host may say on its link, to the link, about itself. */
static __always_inline int judge_neighbour(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
					   const struct ng_packet *p)
{
	struct ng_addr target;

	if (p->icmp_type == NG_ND_REDIRECT || p->icmp_type == NG_MLD_QUERY ||
	    p->icmp_type == NG_ND_ROUTER_SOLICITATION + 1)
		return drop(slot, NG_R_SPOOFED);
	if (!is_link_local(&p->key.remote) && !is_link_multicast(&p->key.remote))
		return drop(slot, NG_R_SPOOFED);
	int detects = is_unspecified(&p->local);
	if (!detects && !is_own(config, &p->local))
		return drop(slot, NG_R_SPOOFED);
	/* It claims its target: an advertisement, or a solicitation that looks for duplicates (RFC 4862, section 5.4.2). */
	if (p->icmp_type != NG_ND_NEIGHBOUR_ADVERTISEMENT && !(p->icmp_type == NG_ND_NEIGHBOUR_SOLICITATION && detects))
		return NG_NEXT;
	__u32 at = p->transport + 8;
	if (at + sizeof(target) > p->end || load_own(skb, at, &target, sizeof(target)))
		return drop(slot, NG_R_MALFORMED);
	return is_own(config, &target) && !addr_is_v4(&target) ? NG_NEXT : drop(slot, NG_R_SPOOFED);
}

/* To the pod's interface but to none of its addresses (multicast, say): passes where ingress is open. */
static __always_inline int judge_stray(__u32 slot, const struct ng_endpoint_config *config)
{
	return config->direction[NG_INGRESS].policy ? drop(slot, NG_R_DENIED) : NG_NEXT;
}

#endif
