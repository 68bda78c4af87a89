/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Flows. A packet of an established flow passes after one lookup, in both directions, without the rules (E1). A flow is
 * judged again when the endpoint's policy has changed, and cut if the new policy denies it (E8): its entry remains as a
 * tombstone, so that packets of the other side cannot begin it again as a flow of their own. Only `last_seen`, `flags` and
 * `totals` of an entry are written in place, because none can open anything: the map may give the element to another flow
 * at any time.
 */
#ifndef NG_FLOW_H
#define NG_FLOW_H

#include "dns_servers.h"
#include "flow_events.h"
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

/* The closing flag for the first packet of a flow, which may already carry FIN or RST. */
static __always_inline __u8 closing_flag(const struct ng_packet *p)
{
	return p->tcp_flags & (NG_TCP_FIN | NG_TCP_RST) ? NG_FLOW_CLOSING : 0;
}

/* Fills the inputs of the verdict from a packet of `direction`. */
static __always_inline void fill_judgement(struct ng_judgement *j, const struct ng_endpoint_config *config,
					   const struct ng_packet *p, int direction)
{
	__u16 remote = p->key.be_remote_port;
	__u16 local = p->key.be_local_port;
	__u16 destination = direction == NG_EGRESS ? remote : local;
	__u16 source = direction == NG_EGRESS ? local : remote;

	j->rules = config->direction[direction & 1];
	j->key = p->key;
	j->flow_pattern = 0;
	j->shown = 0;
	j->quiet = 0;
	j->bound = 0;
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

/* The verdict for a packet that begins a flow of `direction`. A direction without a policy allows it. */
static __always_inline int judge_packet(struct ng_judgement *j, const struct ng_endpoint_config *config,
					const struct ng_packet *p, int direction)
{
	fill_judgement(j, config, p, direction);
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
		.totals = j->totals,
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
 * Can the packet's socket have sent a packet of this protocol? One that has no full socket yet, or no longer, is of TCP. A
 * packet socket has no protocol.
 */
static __always_inline int has_socket_of(const struct __sk_buff *skb, __u8 protocol)
{
	struct bpf_sock *socket = skb->sk;

	if (!socket)
		return 0;
	socket = bpf_sk_fullsock(socket);
	if (!socket)
		return protocol == IPPROTO_TCP;
	return socket->protocol == protocol || socket->protocol == IPPROTO_RAW || socket->protocol == 0;
}

/*
 * Was the packet sent by the node itself? Then no interface received it, and it has a socket of the node.
 *
 * The missing receiving interface alone does not prove this: when the kernel fragments a packet that it forwards,
 * ip6_fragment() makes new buffers without a receiving interface, and skb_scrub_packet() clears it where ipvlan and tunnels
 * pass a packet to another namespace. Forwarding never keeps the socket, because the kernel orphans what it receives. But
 * a tunnel keeps the sender's socket, even from another namespace, so the socket must be in the namespace of the pod's
 * interface. That alone is not enough either: the sockets from which the kernel sends ICMP and TCP resets serve all
 * namespaces, and are in the first one when a reply of a container leaves its queue late. In a tunnel the protocol is
 * another one than the socket's. A fragment, including an atomic one (RFC 6946), never counts as the node's: policy judges
 * it.
 */
static __always_inline int is_from_node(const struct __sk_buff *skb, const struct ng_packet *p, int direction)
{
	return direction == NG_INGRESS && skb->ingress_ifindex == 0 && p->fragment == NG_WHOLE &&
	       !p->has_fragment_header && has_socket_of(skb, p->key.protocol) && has_socket_here(skb);
}

/* A segment in the middle of a connection, which has no flow. */
static __always_inline int is_midstream(const struct ng_packet *p)
{
	return (p->tcp_flags & (NG_TCP_SYN | NG_TCP_RST | NG_TCP_ACK)) == NG_TCP_ACK;
}

/*
 * Does the packet begin a flow? Only one that starts an exchange does, because the other side may then answer without a
 * policy. An attacker can make a third party send a reply to the pod by spoofing the pod's address. So a packet that has
 * the form of a reply (SYN-ACK, RST, ICMP reply or error) passes if the policy of its direction allows it, but the pod may
 * not answer it.
 *
 * A third party can be made to send an ACK, too. A connection whose flow was evicted therefore continues with the pod's own
 * ACK, which makes a flow by the egress policy. An ACK from outside makes one only if egress is open, where the flow
 * allows nothing more.
 *
 * A datagram does not show whether it is a reply, so each begins a flow.
 */
static __always_inline int begins_flow(const struct ng_packet *p, int accept_midstream)
{
	if (p->key.protocol == IPPROTO_TCP)
		return starts_connection(p) || (accept_midstream && is_midstream(p));
	return !p->is_icmp || is_icmp_request(p);
}

/* Stores the flow that begins with this packet, in the place of `before`, if that is not null. */
static __always_inline void begin_flow(struct __sk_buff *skb, struct ng_judgement *j, __u32 generation,
				       const struct ng_packet *p, int direction, __u8 flags, struct ng_flow *before)
{
	if (before)
		end_flow(j->slot, &p->key, before,
			 is_alive(before, p->key.protocol, now_jiffies()) ? NG_ENDED_REPLACED : NG_ENDED_IDLE);
	begin_totals(&j->totals, skb, p, direction);
	store_flow(j, generation, flags | closing_flag(p));
	if (is_wanted(NG_WANT_BEGUN)) {
		struct ng_flow begun = {.rule = j->rule,
					.direction = j->direction,
					.flags = flags,
					.totals.started = j->totals.started};

		report_flow(j->slot, &p->key, &begun, NG_EVENT_FLOW);
	}
}

/*
 * The verdict for a packet without a flow: the first of one, or one whose entry is gone. `before`: the entry of an earlier
 * flow with the same key, or null.
 */
static __always_inline int new_flow(struct __sk_buff *skb, struct ng_judgement *j,
				    const struct ng_endpoint_config *config, const struct ng_packet *p, int direction,
				    struct ng_flow *before)
{
	if (is_from_node(skb, p, direction)) {
		if (!begins_flow(p, 0))
			return NG_NEXT;
		fill_judgement(j, config, p, direction);
		j->rule = 0;
		j->pattern = 0;
		begin_flow(skb, j, config->generation, p, direction, NG_FLOW_NODE, before);
		return NG_NEXT;
	}
	if (judge_packet(j, config, p, direction) != NG_ACT_ALLOW)
		return deny(j, NG_EVENT_DENIED, NG_R_DENIED);
	if (j->bound)
		return NG_BIND;
	if (begins_flow(p, direction == NG_EGRESS || !config->direction[NG_EGRESS].policy))
		begin_flow(skb, j, config->generation, p, direction, 0, before);
	count(j->slot, NG_R_ALLOWED);
	return NG_NEXT;
}

/*
 * Was the flow admitted by a rule that binds it to a TLS name, which it can no longer show? One that was cut, and one of another
 * protocol than TCP. Other flows are older than the rule and stay.
 */
static __always_inline int is_unproven(const struct ng_judgement *j, __u32 was_cut)
{
	return j->bound && (was_cut || j->key.protocol != IPPROTO_TCP);
}

/*
 * Judges a flow again, in its own direction, that was judged under another generation of the configuration: it is kept or
 * cut. policyChange: Keep does not revive a tombstone. If the entry has left the table, its element may serve another flow,
 * whose state must not be stored for this one: the packet is then judged as the first of a flow.
 */
static __always_inline int judge_again(struct __sk_buff *skb, struct ng_judgement *j,
				       const struct ng_endpoint_config *config, const struct ng_packet *p, void *table,
				       struct ng_flow *flow, int packet_direction)
{
	const __u8 kept = NG_FLOW_CLOSING | NG_FLOW_REPLIED | NG_FLOW_NODE | NG_FLOW_FIN_SENT | NG_FLOW_FIN_RECEIVED |
			  NG_FLOW_ENDED;
	__u64 pattern = flow->pattern;
	__u8 direction = flow->direction;
	__u32 icmp = flow->icmp;
	__u8 flags = flow->flags & kept;
	__u8 was_cut = flow->flags & NG_FLOW_CUT;

	count_packet(skb, flow, p, packet_direction);
	j->totals = flow->totals;
	flags |= closing_flag(p);
	asm volatile("" ::: "memory"); /* read the flow before the lookup below confirms it */
	if (bpf_map_lookup_elem(table, &p->key) != flow)
		return new_flow(skb, j, config, p, packet_direction, 0);
	fill_judgement(j, config, p, direction);
	j->flow_pattern = pattern;
	/* The rules judge the ICMP message that began the flow, not the current one. */
	if (icmp) {
		j->icmp = icmp;
		j->destination_port[0] = (__u8)(icmp >> 8);
		j->destination_port[1] = (__u8)icmp;
	}
	j->rule = 0;
	j->pattern = pattern;
	/* The flow showed its TLS name, which only this domain is known to match. */
	j->shown = pattern != 0;
	j->n_shown = 1;
	j->shown_id[0] = pattern;
	if (flags & NG_FLOW_NODE || j->rules.policy == 0 || (judge(j) == NG_ACT_ALLOW && !is_unproven(j, was_cut))) {
		store_flow(j, config->generation, flags);
		return NG_NEXT;
	}
	j->pattern = pattern;
	if (config->flags & NG_ENDPOINT_KEEP && !was_cut) {
		store_flow(j, config->generation, flags | NG_FLOW_KEPT);
		return NG_NEXT;
	}
	end_flow(j->slot, &p->key, flow, NG_ENDED_CUT);
	store_flow(j, config->generation, flags | NG_FLOW_CUT | NG_FLOW_ENDED);
	return deny(j, NG_EVENT_CUT, NG_R_CUT);
}

static __always_inline struct ng_judgement *begin_judgement(__u32 slot)
{
	struct ng_judgement *j = judgement();

	if (j)
		j->slot = slot;
	return j;
}

/*
 * Drops a packet of a flow that was cut. Packets extend the tombstone, because those of the other side could begin a flow
 * of their own after it expires. Datagrams of the flow's own side do not extend it: the same rules would judge them again,
 * and their sender may use one port for a long time.
 */
static __always_inline int refuse_cut(__u32 slot, struct ng_flow *flow, const struct ng_packet *p, int direction,
				      __u32 now)
{
	if (flow->last_seen != now && (flow->direction != direction || p->key.protocol == IPPROTO_TCP))
		flow->last_seen = now;
	return refuse(slot, NG_R_CUT);
}

/* The verdict for a whole packet or a first fragment. */
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
			count_packet(skb, flow, p, direction);
			if (p->tcp_flags & (NG_TCP_FIN | NG_TCP_RST) || is_last(flow))
				follow_end(slot, flow, p, direction);
			if (flow->direction != direction && !(flow->flags & NG_FLOW_REPLIED))
				flow->flags |= NG_FLOW_REPLIED;
			const struct ng_direction *rules = &config->direction[flow->direction & 1];
			if (rules->counter_base && !(flow->flags & (NG_FLOW_NODE | NG_FLOW_KEPT))) {
				__u32 index = rules->counter_base + flow->rule;
				struct ng_counter *counter = bpf_map_lookup_elem(&counters, &index);

				if (counter)
					counter->packets += 1;
			}
			/* Only for flows that the pod began: otherwise any allowed sender could add servers. */
			if (direction == NG_INGRESS && p->key.be_remote_port == bpf_htons(NG_DNS_PORT) &&
			    flow->direction == NG_EGRESS)
				count_untrusted(skb, p, config);
			return NG_NEXT;
		}
		if (flow->generation == NG_UNDECIDED_GENERATION)
			return NG_BIND;
		j = begin_judgement(slot);
		return j ? judge_again(skb, j, config, p, table, flow, direction) : drop(slot, NG_R_MALFORMED);
	}
	j = begin_judgement(slot);
	return j ? new_flow(skb, j, config, p, direction, flow) : drop(slot, NG_R_MALFORMED);
}

/* Reports the flows of a slot that have been idle for long enough. */
struct ng_flow_sweep {
	__u32 slot;
	__u32 now; /* jiffies */
};

static long sweep_flow(void *map __attribute__((unused)), const struct ng_flow_key *key, struct ng_flow *flow,
		       const struct ng_flow_sweep *sweep)
{
	if (flow->flags & NG_FLOW_ENDED || is_alive(flow, key->protocol, sweep->now))
		return 0;
	struct ng_flow_key copy = *key; /* the verifier lets a global function write to what it is given */
	if (report_flow(sweep->slot, &copy, flow, NG_EVENT_ENDED | NG_ENDED_IDLE << 16))
		flow->flags |= NG_FLOW_ENDED;
	return 0;
}

static __always_inline void sweep_table(__u32 slot)
{
	struct ng_flow_sweep sweep = {.slot = slot, .now = now_jiffies()};
	void *table = flow_table(slot);

	if (table)
		bpf_for_each_map_elem(table, sweep_flow, &sweep, 0);
}

#endif
