/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The programs of namegate, attached to the host side of each endpoint's veth:
 *   pod_egress   at its ingress hook: packets from the pod. Checks the source, records DNS queries, looks up the flow or
 *                judges the packet.
 *   pod_ingress  at its egress hook: packets to the pod. Learns from DNS responses, looks up the flow or judges the packet.
 * They continue with filter_queries, tls_egress and tls_ingress for what few packets need.
 * Both fail closed: they drop packets of an unknown interface or an endpoint that is not programmed, and packets that do
 * not parse. A packet that passes continues with the other programs on the hook and the stack.
 */
#include "common.h"
#include "dns_exchange.h"
#include "dns_filter.h"
#include "dns_stream.h"
#include "flow.h"
#include "fragment.h"
#include "hold.h"
#include "neighbour.h"
#include "offload.h"
#include "packet.h"
#include "reject.h"
#include "tls_bind.h"
#include "tls_reset.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline const struct ng_iface *find_iface(__u32 ifindex)
{
	__u32 place = ifindex & (NG_NEAR_IFACES - 1);
	struct ng_near_iface *near = bpf_map_lookup_elem(&near_ifaces, &place);

	/* Endpoint 0: the entry is being written. */
	if (near && near->ifindex == ifindex && near->iface.endpoint)
		return &near->iface;
	return bpf_map_lookup_elem(&ifaces, &ifindex);
}

/* The endpoint behind the interface; null: it is not, or no longer, configured. */
static __always_inline const struct ng_endpoint_config *find_endpoint(__u32 ifindex, __u32 *slot)
{
	const struct ng_iface *iface = find_iface(ifindex);
	struct ng_endpoint *endpoint;

	if (!iface)
		return 0;
	*slot = iface->slot;
	endpoint = bpf_map_lookup_elem(&endpoints, slot);
	if (!endpoint)
		return 0;
	const struct ng_endpoint_config *config = &endpoint->version[endpoint->active & 1];
	return config->endpoint == iface->endpoint ? config : 0;
}

/*
 * Drops a packet that no policy decides, and reports it under the rate limit of denials. `what`: enum ng_reason, and above 16
 * bits the direction. Only for packets that parse: others have no peer to name.
 */
static __noinline int drop_packet(__u32 slot, __u32 endpoint, const struct ng_packet *p, __u32 what)
{
	__u64 now = boot_time();
	__u32 reason = what & 0xffff;
	int ports = !p->is_icmp || p->key.be_remote_port != NG_NOT_ECHO;

	count(slot, reason);
	if (!may_report_denial(slot, tick_of(now)))
		return NG_DROP;
	struct ng_event event = {
		.boot_ns = now,
		.endpoint = endpoint,
		.kind = NG_EVENT_DROPPED,
		.remote = p->key.remote,
		.be_remote_port = ports ? p->key.be_remote_port : 0,
		.be_local_port = ports ? p->key.be_local_port : 0,
		.protocol = p->key.protocol,
		.direction = (__u8)(what >> 16),
		.rule = NG_NO_RULE,
		.reason = (__u16)reason,
	};

	send_event(slot, &event);
	return NG_DROP;
}

static __always_inline int is_ip(const struct __sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP) || skb->protocol == bpf_htons(ETH_P_IPV6);
}

/*
 * A packet to a DNS port, which the policy allows, of an endpoint whose queries are judged. The program filter_queries goes on with
 * it: here the chain of calls already fills the stack that Linux 6.1 allows. Returns only for a fragment, or if that program is
 * gone.
 */
static __always_inline int filter_query(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
					const struct ng_packet *p)
{
	if (p->fragment == NG_WHOLE)
		bpf_tail_call(skb, &tails, NG_TAIL_QUERY);
	return config->flags & NG_ENDPOINT_DNS_ALLOWED ? drop(slot, NG_R_QUERY_FORM) : NG_NEXT;
}

/* A datagram to a trusted DNS server has no flow: each is judged, and the pending query admits its response. */
static __always_inline int judge_query(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
				       const struct ng_packet *p)
{
	struct ng_judgement *j = begin_judgement(slot);

	if (!j)
		return drop(slot, NG_R_MALFORMED);
	if (p->carries)
		return drop(slot, NG_R_OFFLOAD);
	if (judge_packet(j, config, p, NG_EGRESS) != NG_ACT_ALLOW)
		return deny(j, NG_EVENT_DENIED, NG_R_DENIED);
	if (filters_queries(config) && filter_query(skb, slot, config, p) != NG_NEXT)
		return NG_DROP;
	record_query(skb, slot, config->endpoint, p);
	if (p->fragment == NG_FIRST_FRAGMENT)
		admit_fragments(slot, config->endpoint, p, NG_EGRESS, NG_FRAG_ON);
	return NG_NEXT;
}

/* Goes on with a packet of a flow, to a DNS port, that the policy allows. */
static __always_inline int judge_to_dns(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
					const struct ng_packet *p)
{
	if (config->flags & NG_ENDPOINT_DNS && filter_query(skb, slot, config, p) != NG_NEXT)
		return NG_DROP;
	return is_dns_stream(config, p) ? judge_stream(skb, slot, config, p, NG_EGRESS) : NG_NEXT;
}

static __always_inline int judge_egress(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
					const struct ng_packet *p)
{
	if (p->fragment == NG_LATER_FRAGMENT) {
		int verdict = judge_fragment(skb, slot, config->endpoint, p, NG_EGRESS, 0);

		return verdict == NG_REFUSE ? drop_packet(slot, config->endpoint, p, NG_R_FRAGMENT | NG_EGRESS << 16)
					    : verdict;
	}
	if (p->key.protocol == IPPROTO_UDP && is_dns_port(p->key.be_remote_port) &&
	    is_trusted(config, &p->key.remote, p->key.be_remote_port))
		return judge_query(skb, slot, config, p);
	int verdict = is_icmp_error(p) && quotes_flow(skb, slot, config->generation, p, NG_EGRESS)
			      ? NG_NEXT
			      : judge_flow(skb, slot, config, p, NG_EGRESS);

	if (verdict == NG_NEXT && is_to_dns(p))
		verdict = judge_to_dns(skb, slot, config, p);
	if (p->fragment == NG_FIRST_FRAGMENT && verdict == NG_NEXT)
		admit_fragments(slot, config->endpoint, p, NG_EGRESS, NG_FRAG_ON);
	return verdict;
}

static __always_inline int judge_ingress(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
					 const struct ng_packet *p)
{
	if (p->fragment == NG_LATER_FRAGMENT) {
		int verdict = judge_fragment(skb, slot, config->endpoint, p, NG_INGRESS,
					     !config->direction[NG_INGRESS].policy);

		return verdict == NG_REFUSE ? drop_packet(slot, config->endpoint, p, NG_R_FRAGMENT | NG_INGRESS << 16)
					    : verdict;
	}
	int answer = NG_NOT_RESPONSE;
	int verdict = NG_NEXT;
	if (p->key.protocol == IPPROTO_UDP && !p->carries && is_dns_port(p->key.be_remote_port))
		answer = learn_response(skb, slot, config, p);
	if (answer != NG_NOT_RESPONSE)
		verdict = answer == NG_RESPONSE_HELD ? consume_frame() : NG_NEXT;
	else if (is_icmp_error(p) && quotes_flow(skb, slot, config->generation, p, NG_INGRESS))
		verdict = NG_NEXT;
	else
		verdict = judge_flow(skb, slot, config, p, NG_INGRESS);
	if (p->fragment == NG_FIRST_FRAGMENT && (verdict == NG_NEXT || answer == NG_RESPONSE_HELD))
		admit_fragments(slot, config->endpoint, p, NG_INGRESS,
				answer == NG_RESPONSE_HELD     ? NG_FRAG_HELD
				: answer == NG_RESPONSE_COPIED ? NG_FRAG_COPIED
							       : NG_FRAG_ON);
	if (verdict == NG_NEXT)
		note_handshake(skb, p, config, slot);
	if (verdict == NG_NEXT && is_dns_stream(config, p))
		verdict = judge_stream(skb, slot, config, p, NG_INGRESS);
	return verdict;
}

SEC("tc")
int pod_egress(struct __sk_buff *skb)
{
	__u32 slot = 0;
	const struct ng_endpoint_config *config = find_endpoint(skb->ifindex, &slot);
	struct ng_packet packet;

	if (!config)
		return NG_DROP;
	if (skb->mark == answer_mark)
		return pass_answer(skb);
	if (skb->vlan_present)
		return drop(slot, NG_R_MALFORMED);
	if (!has_own_mac(skb, config))
		return drop(slot, NG_R_SPOOFED);
	if (!is_ip(skb))
		return judge_link(skb, slot, config, NG_EGRESS);
	int reason = read_packet(skb, &packet, config, NG_EGRESS);
	if (reason == NG_R_OFFLOAD)
		return drop_packet(slot, config->endpoint, &packet, NG_R_OFFLOAD | NG_EGRESS << 16);
	if (reason != NG_R_NONE)
		return drop(slot, (__u32)reason);
	if (is_neighbour_discovery(skb, &packet, &packet.local))
		return judge_neighbour(skb, slot, config, &packet);
	if (config->mode == NG_MODE_CLOSED)
		return drop_packet(slot, config->endpoint, &packet, NG_R_CLOSED | NG_EGRESS << 16);
	if (packet.key.local >= NG_MAX_ENDPOINT_ADDRS)
		return drop_packet(slot, config->endpoint, &packet, NG_R_SPOOFED | NG_EGRESS << 16);
	return apply_verdict(skb, slot, config, &packet, judge_egress(skb, slot, config, &packet), NG_EGRESS);
}

SEC("tc")
int pod_ingress(struct __sk_buff *skb)
{
	__u32 slot = 0;
	const struct ng_endpoint_config *config = find_endpoint(skb->ifindex, &slot);
	struct ng_packet packet;

	if (!config)
		return NG_DROP;
	if (is_put_back(skb))
		return config->mode == NG_MODE_CLOSED ? drop(slot, NG_R_CLOSED) : NG_NEXT;
	if (skb->vlan_present)
		return drop(slot, NG_R_MALFORMED);
	if (!is_ip(skb))
		return judge_link(skb, slot, config, NG_INGRESS);
	int reason = read_packet(skb, &packet, config, NG_INGRESS);
	if (reason == NG_R_OFFLOAD)
		return drop_packet(slot, config->endpoint, &packet, NG_R_OFFLOAD | NG_INGRESS << 16);
	if (reason != NG_R_NONE)
		return drop(slot, (__u32)reason);
	if (is_neighbour_discovery(skb, &packet, &packet.key.remote))
		return NG_NEXT;
	if (config->mode == NG_MODE_CLOSED)
		return drop_packet(slot, config->endpoint, &packet, NG_R_CLOSED | NG_INGRESS << 16);
	if (packet.key.local >= NG_MAX_ENDPOINT_ADDRS)
		return judge_stray(slot, config);
	return apply_verdict(skb, slot, config, &packet, judge_ingress(skb, slot, config, &packet), NG_INGRESS);
}

/*
 * Goes on with a whole packet to a DNS port that pod_egress allowed by policy. Reads interface and packet again: it may be of
 * another build than pod_egress.
 */
SEC("tc")
int filter_queries(struct __sk_buff *skb)
{
	__u32 slot = 0;
	const struct ng_endpoint_config *config = find_endpoint(skb->ifindex, &slot);
	struct ng_packet packet = {};

	if (!config || !is_ip(skb) || read_packet(skb, &packet, config, NG_EGRESS) != NG_R_NONE ||
	    packet.key.local >= NG_MAX_ENDPOINT_ADDRS)
		return NG_DROP;
	int verdict = judge_dns_packet(skb, &packet, config, slot);
	if (verdict == NG_NEXT && is_dns_stream(config, &packet))
		verdict = judge_stream(skb, slot, config, &packet, NG_EGRESS);
	else if (verdict == NG_NEXT && packet.key.protocol == IPPROTO_UDP &&
		 is_trusted(config, &packet.key.remote, packet.key.be_remote_port))
		record_query(skb, slot, config->endpoint, &packet);
	return apply_verdict(skb, slot, config, &packet, verdict, NG_EGRESS);
}

/* Reads interface and packet again for a program that goes on with it. Null: the packet is dropped. */
static __always_inline struct ng_packet *read_again(struct __sk_buff *skb, const struct ng_endpoint_config *config,
						    int direction)
{
	struct ng_tls *tls = tls_state();

	if (!tls || !config || !is_ip(skb) || read_packet(skb, &tls->packet, config, direction) != NG_R_NONE ||
	    tls->packet.key.local >= NG_MAX_ENDPOINT_ADDRS)
		return 0;
	return &tls->packet;
}

/* Goes on with a packet from the pod whose connection must show a TLS name. */
SEC("tc")
int tls_egress(struct __sk_buff *skb)
{
	__u32 slot = 0;
	const struct ng_endpoint_config *config = find_endpoint(skb->ifindex, &slot);
	const struct ng_packet *p = read_again(skb, config, NG_EGRESS);

	if (!p || !config)
		return NG_DROP;
	int verdict = judge_bound_egress(skb, p, config, slot);
	struct ng_tls *tls = tls_state();
	if (verdict == NG_REFUSE && config->flags & NG_ENDPOINT_REJECT && tls && tls->resets)
		reset_server(skb, p, tls->next);
	if (verdict == NG_NEXT && is_to_dns(p))
		verdict = judge_to_dns(skb, slot, config, p);
	return apply_verdict(skb, slot, config, p, verdict, NG_EGRESS);
}

/* The same for a packet to the pod. */
SEC("tc")
int tls_ingress(struct __sk_buff *skb)
{
	__u32 slot = 0;
	const struct ng_endpoint_config *config = find_endpoint(skb->ifindex, &slot);
	const struct ng_packet *p = read_again(skb, config, NG_INGRESS);

	if (!p || !config)
		return NG_DROP;
	return apply_verdict(skb, slot, config, p, judge_bound_ingress(skb, p, config, slot), NG_INGRESS);
}

/* Reads both clocks at the same moment. Run by the runtime only. */
SEC("tc")
int clock_now(struct __sk_buff *skb __attribute__((unused)))
{
	__u32 zero = 0;
	struct ng_clock now = {.jiffies = bpf_jiffies64(), .boot_ns = bpf_ktime_get_boot_ns()};

	bpf_map_update_elem(&clock, &zero, &now, BPF_ANY);
	return NG_NEXT;
}

/* Reports the idle flows of the slot in skb->mark. Run by the daemon only, while somebody wants to read the ends of flows. */
SEC("tc")
int sweep_flows(struct __sk_buff *skb)
{
	sweep_table(skb->mark);
	return NG_NEXT;
}

/* The baseline for measurements. */
SEC("tc")
int empty(struct __sk_buff *skb __attribute__((unused)))
{
	return NG_NEXT;
}
