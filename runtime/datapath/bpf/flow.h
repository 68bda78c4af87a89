/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Flows. An established flow is accepted by one lookup, in both directions, with no policy (E1). A flow is
 * judged anew when the endpoint's policy has changed since, and cut when the new policy denies it (E8): its
 * entry stays as a tombstone, so that packets of the peer cannot bring it back as a flow of their own.
 * Of an entry only `last_seen` and `flags` are written in place: an element may be recycled under our feet, and
 * neither can open anything.
 */
#ifndef NG_FLOW_H
#define NG_FLOW_H

#include "dns_servers.h"
#include "kernel.h"
#include "packet.h"
#include "verdict.h"

static __always_inline void *flow_table(__u32 slot)
{
	return bpf_map_lookup_elem(&flows, &slot);
}

static __always_inline __u32 idle_limit(__u8 protocol, __u8 flags)
{
	__u32 seconds = flags & NG_FLOW_CUT	  ? NG_CUT_SECONDS
			: flags & NG_FLOW_CLOSING ? NG_IDLE_CLOSING
			: protocol == IPPROTO_TCP ? NG_IDLE_TCP
						  : NG_IDLE_OTHER;

	return seconds * jiffies_hz;
}

static __always_inline int is_alive(const struct ng_flow *flow, __u8 protocol, __u32 now)
{
	return is_within(now, flow->last_seen, idle_limit(protocol, flow->flags), NG_AHEAD_SECONDS * jiffies_hz);
}

static __always_inline int starts_connection(const struct ng_packet *p)
{
	return p->key.protocol == IPPROTO_TCP && (p->tcp_flags & (NG_TCP_SYN | NG_TCP_ACK)) == NG_TCP_SYN;
}

/* Of the packet that a flow is stored for: one that ends it at once, too. */
static __always_inline __u8 closing_flag(const struct ng_packet *p)
{
	return p->tcp_flags & (NG_TCP_FIN | NG_TCP_RST) ? NG_FLOW_CLOSING : 0;
}

/* Fills what the verdict asks from a packet of `direction`. */
static __always_inline void ask(struct ng_judgement *j, const struct ng_endpoint_config *config,
				const struct ng_packet *p, int direction)
{
	__u16 remote = p->key.be_remote_port;
	__u16 local = p->key.be_local_port;
	__u16 destination = direction == NG_EGRESS ? remote : local;
	__u16 source = direction == NG_EGRESS ? local : remote;

	j->rules = config->direction[direction & 1];
	j->key = p->key;
	j->flow_pattern = 0;
	j->endpoint = config->endpoint;
	j->tick = tick_of(boot_time());
	j->direction = (__u8)direction;
	j->icmp = p->is_icmp ? NG_FLOW_ICMP | (__u32)p->icmp_type << 8 | p->icmp_code : 0;
	if (p->is_icmp) {
		j->destination_port[0] = p->icmp_type;
		j->destination_port[1] = p->icmp_code;
		j->source_port[0] = 0;
		j->source_port[1] = 0;
	} else {
		__builtin_memcpy(j->destination_port, &destination, 2);
		__builtin_memcpy(j->source_port, &source, 2);
	}
}

/* The verdict of a packet as the first of a flow of `direction`; open directions need no rules. */
static __always_inline int judge_packet(struct ng_judgement *j, const struct ng_endpoint_config *config,
					const struct ng_packet *p, int direction)
{
	ask(j, config, p, direction);
	j->rule = 0;
	j->pattern = 0;
	if (j->rules.policy == 0)
		return NG_ACT_ALLOW;
	return judge(j);
}

static __always_inline void store_flow(struct ng_judgement *j, __u32 generation, __u8 flags)
{
	struct ng_flow flow = {
		.pattern = j->pattern,
		.generation = generation,
		.last_seen = now_jiffies(),
		.rule = j->rule,
		.direction = j->direction,
		.flags = flags,
		.icmp = j->icmp,
	};
	void *table = flow_table(j->slot);

	if (table)
		bpf_map_update_elem(table, &j->key, &flow, BPF_ANY);
}

static __always_inline int refuse(__u32 slot, __u32 reason)
{
	count(slot, reason);
	return NG_REFUSE;
}

static __always_inline int deny(struct ng_judgement *j, __u16 kind, __u16 reason)
{
	report_verdict(j, kind, reason);
	return refuse(j->slot, reason);
}

/*
 * The node's own packets were not received on any interface, and belong to a socket of the node until they leave it.
 *
 * That no interface received them does not prove their origin by itself: when the kernel fragments a packet that it
 * forwards, ip6_fragment() makes new buffers that carry no receiving interface, and skb_scrub_packet() clears it where
 * ipvlan and tunnels hand a packet to another namespace. The socket is what forwarding never keeps: the kernel orphans
 * whatever it receives. But a tunnel keeps the socket of who sends through it, from another namespace too, so it has to
 * be a socket of the namespace that the pod's interface is in. And a fragment, an atomic one (RFC 6946) included, is
 * never the node's: policy judges it.
 */
static __always_inline int is_from_node(const struct __sk_buff *skb, const struct ng_packet *p, int direction)
{
	return direction == NG_INGRESS && skb->ingress_ifindex == 0 && skb->sk && p->fragment == NG_WHOLE &&
	       !p->has_fragment_header && has_socket_here(skb);
}

/* In the middle of a connection that no flow is known of. */
static __always_inline int goes_on(const struct ng_packet *p)
{
	return (p->tcp_flags & (NG_TCP_SYN | NG_TCP_RST | NG_TCP_ACK)) == NG_TCP_ACK;
}

/*
 * Only a packet that really begins an exchange makes a flow: the other side then answers without a policy. Anybody can
 * have a third one answer a packet that he sends in the pod's name, so what is a reply by its form (a SYN-ACK, a RST, an
 * ICMP reply or error) passes by the policy of its own direction, and lets the pod answer nothing.
 *
 * An ACK, too, can be drawn out of somebody. So a connection whose flow was forgotten goes on by what the pod sends: its
 * ACK makes a flow, by the egress policy. One from outside does so only where egress is open, and nothing is gained by it.
 *
 * A datagram does not tell whether it is a reply, so every one begins a flow.
 */
static __always_inline int begins_flow(const struct ng_packet *p, int goes_on_too)
{
	if (p->key.protocol == IPPROTO_TCP)
		return starts_connection(p) || (goes_on_too && goes_on(p));
	return !p->is_icmp || is_icmp_request(p);
}

/* First packet of a flow, or one whose entry is gone. */
static __always_inline int new_flow(struct __sk_buff *skb, struct ng_judgement *j,
				    const struct ng_endpoint_config *config, const struct ng_packet *p, int direction)
{
	if (is_from_node(skb, p, direction)) {
		if (!begins_flow(p, 0))
			return NG_NEXT;
		ask(j, config, p, direction);
		j->rule = 0;
		j->pattern = 0;
		store_flow(j, config->generation, NG_FLOW_NODE | closing_flag(p));
		return NG_NEXT;
	}
	if (judge_packet(j, config, p, direction) != NG_ACT_ALLOW)
		return deny(j, NG_EVENT_DENIED, NG_R_DENIED);
	if (begins_flow(p, direction == NG_EGRESS || !config->direction[NG_EGRESS].policy))
		store_flow(j, config->generation, closing_flag(p));
	count(j->slot, NG_R_ALLOWED);
	return NG_NEXT;
}

/*
 * A flow judged under another generation of the configuration: kept or cut, in its own direction. A tombstone never
 * revives because flows are to be kept. Not in the table any more (its element may serve another flow by now, whose
 * state would be made permanent): judged as a new one.
 */
static __always_inline int judge_again(struct __sk_buff *skb, struct ng_judgement *j,
				       const struct ng_endpoint_config *config, const struct ng_packet *p, void *table,
				       const struct ng_flow *flow, int packet_direction)
{
	__u64 pattern = flow->pattern;
	__u8 direction = flow->direction;
	__u32 icmp = flow->icmp;
	__u8 flags = flow->flags & (NG_FLOW_CLOSING | NG_FLOW_REPLIED | NG_FLOW_NODE);
	__u8 was_cut = flow->flags & NG_FLOW_CUT;

	flags |= closing_flag(p);
	asm volatile("" ::: "memory"); /* what was read above is compared below */
	if (bpf_map_lookup_elem(table, &p->key) != flow)
		return new_flow(skb, j, config, p, packet_direction);
	ask(j, config, p, direction);
	j->flow_pattern = pattern;
	/* The rules are asked about the message that began it, not about the one that happens to come next. */
	if (icmp) {
		j->icmp = icmp;
		j->destination_port[0] = (__u8)(icmp >> 8);
		j->destination_port[1] = (__u8)icmp;
	}
	j->rule = 0;
	j->pattern = pattern;
	if (flags & NG_FLOW_NODE || j->rules.policy == 0 || judge(j) == NG_ACT_ALLOW) {
		store_flow(j, config->generation, flags);
		return NG_NEXT;
	}
	j->pattern = pattern;
	if (config->flags & NG_ENDPOINT_KEEP && !was_cut) {
		store_flow(j, config->generation, flags | NG_FLOW_KEPT);
		return NG_NEXT;
	}
	store_flow(j, config->generation, flags | NG_FLOW_CUT);
	return deny(j, NG_EVENT_CUT, NG_R_CUT);
}

static __always_inline struct ng_judgement *begin(__u32 slot, __u32 ifindex)
{
	struct ng_judgement *j = judgement();

	if (j) {
		j->slot = slot;
		j->ifindex = ifindex;
	}
	return j;
}

/*
 * A tombstone lasts as long as somebody tries: the other side's packets could begin a flow of their own when it is
 * gone. What comes from its own side is judged by the same rules again then, so the tries of a datagram's sender, who
 * may use one port for long, do not count.
 */
static __always_inline int refuse_cut(__u32 slot, struct ng_flow *flow, const struct ng_packet *p, int direction,
				      __u32 now)
{
	if (flow->last_seen != now && (flow->direction != direction || p->key.protocol == IPPROTO_TCP))
		flow->last_seen = now;
	return refuse(slot, NG_R_CUT);
}

/* The verdict of a whole packet or first fragment. */
static __always_inline int judge_flow(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
				      const struct ng_packet *p, int direction)
{
	void *table = flow_table(slot);
	struct ng_flow *flow = table && !is_icmp_error(p) ? bpf_map_lookup_elem(table, &p->key) : 0;
	__u32 now = now_jiffies();
	struct ng_judgement *j;

	if (flow && !starts_connection(p) && is_alive(flow, p->key.protocol, now)) {
		if (flow->generation == config->generation) {
			if (flow->flags & NG_FLOW_CUT)
				return refuse_cut(slot, flow, p, direction, now);
			if (flow->last_seen != now)
				flow->last_seen = now;
			if (p->tcp_flags & (NG_TCP_FIN | NG_TCP_RST) && !(flow->flags & NG_FLOW_CLOSING))
				flow->flags |= NG_FLOW_CLOSING;
			if (flow->direction != direction && !(flow->flags & NG_FLOW_REPLIED))
				flow->flags |= NG_FLOW_REPLIED;
			const struct ng_direction *rules = &config->direction[flow->direction & 1];
			if (rules->counter_base && !(flow->flags & (NG_FLOW_NODE | NG_FLOW_KEPT))) {
				__u32 index = rules->counter_base + flow->rule;
				struct ng_counter *counter = bpf_map_lookup_elem(&counters, &index);

				if (counter)
					counter->packets += 1;
			}
			/* Only what the pod asked: else whoever may send to it could name any server. */
			if (direction == NG_INGRESS && p->key.be_remote_port == bpf_htons(NG_DNS_PORT) &&
			    flow->direction == NG_EGRESS)
				count_untrusted(skb, p, config);
			return NG_NEXT;
		}
		j = begin(slot, skb->ifindex);
		return j ? judge_again(skb, j, config, p, table, flow, direction) : drop(slot, NG_R_MALFORMED);
	}
	j = begin(slot, skb->ifindex);
	return j ? new_flow(skb, j, config, p, direction) : drop(slot, NG_R_MALFORMED);
}

#endif
