/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Counts what a flow carries, notices its end, and reports both ends of a flow to the daemon while somebody wants to read
 * them. A flow ends with a RST, with the packet after the FINs of both sides, when a changed policy cuts it, when a new
 * connection takes its place, or when it has been idle: the daemon runs sweep_flows to find those. Its entry remains until
 * it is replaced, marked NG_FLOW_ENDED, so that late packets of it pass and nothing is reported twice.
 */
#ifndef NG_FLOW_EVENTS_H
#define NG_FLOW_EVENTS_H

#include "common.h"
#include "packet.h"

struct ng_flow_report {
	struct ng_event event;
	struct ng_flow_end end;
};
NG_SCRATCH_MAP(flow_reports, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct ng_flow_report, 1)

static __always_inline __u32 moment_of(__u64 boot_ns)
{
	return (__u32)(boot_ns >> NG_MOMENT_SHIFT);
}

/* Sends the event and what follows it, `bytes` in total. The daemon polls, and is woken only if much of the ring is unread. */
static __always_inline int send_flow_report(__u32 slot, struct ng_event *event, __u32 bytes)
{
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (bpf_ringbuf_query(&flow_events, BPF_RB_AVAIL_DATA) > NG_FLOW_RING_ROOMY) {
		struct ng_deny_budget *budget = budget_of(slot, tick_of(event->boot_ns));

		flags = BPF_RB_FORCE_WAKEUP;
		if (!budget || !take_ring_room(&budget->flow_bytes, bytes, NG_FLOW_BYTES_PER_TICK)) {
			count(slot, NG_R_FLOW_EVENT_LOST);
			return 0;
		}
	}
	if (bpf_ringbuf_output(&flow_events, event, bytes, flags)) {
		count(slot, NG_R_FLOW_EVENT_LOST);
		return 0;
	}
	return 1;
}

/*
 * Reports the begin or end of a flow. `what`: enum ng_event_kind, and above 16 bits enum ng_flow_ending. Returns 0 if there
 * was no room. Global, so that it is verified once, on its own.
 */
int report_flow(__u32 slot, const struct ng_flow_key *key, const struct ng_flow *flow, __u32 what)
{
	__u32 zero = 0;
	struct ng_flow_report *report = bpf_map_lookup_elem(&flow_reports, &zero);
	struct ng_endpoint *endpoint = bpf_map_lookup_elem(&endpoints, &slot);

	if (!report || !endpoint || !key || !flow)
		return 0;
	int has_ports = key->be_remote_port != NG_NOT_ECHO;
	__u64 now = boot_time();
	__u64 age = (__u64)(moment_of(now) - flow->totals.started) << NG_MOMENT_SHIFT;
	__u32 kind = what & 0xffff;

	report->event = (struct ng_event){
		.boot_ns = now,
		.endpoint = endpoint->version[endpoint->active & 1].endpoint,
		.kind = (__u16)kind,
		.payload = kind == NG_EVENT_ENDED ? sizeof(report->end) : 0,
		.remote = key->remote,
		.be_remote_port = has_ports ? key->be_remote_port : 0,
		.be_local_port = has_ports ? key->be_local_port : 0,
		.protocol = key->protocol,
		.direction = flow->direction,
		.rule = flow->flags & NG_FLOW_NODE ? NG_NO_RULE : flow->rule,
		.reason = NG_R_NONE,
	};
	if (kind != NG_EVENT_ENDED)
		return send_flow_report(slot, &report->event, sizeof(report->event));
	report->end = (struct ng_flow_end){
		.packets = {flow->totals.packets[0], flow->totals.packets[1]},
		.bytes = {flow->totals.ip_bytes[0], flow->totals.ip_bytes[1]},
		.started_ns = now > age ? now - age : 0,
		.end = what >> 16,
	};
	return send_flow_report(slot, &report->event, sizeof(*report));
}

/* The flow has ended: reports it once. */
static __always_inline void end_flow(__u32 slot, const struct ng_flow_key *key, struct ng_flow *flow, __u32 ending)
{
	if (flow->flags & NG_FLOW_ENDED)
		return;
	if (is_wanted(NG_WANT_ENDED))
		report_flow(slot, key, flow, NG_EVENT_ENDED | ending << 16);
	flow->flags |= NG_FLOW_ENDED;
}

static __always_inline __u32 packets_in(const struct __sk_buff *skb)
{
	__u32 segments = skb->gso_segs;

	return segments ? segments : 1;
}

static __always_inline void count_packet(const struct __sk_buff *skb, struct ng_flow *flow, const struct ng_packet *p,
					 int direction)
{
	flow->totals.packets[direction & 1] += packets_in(skb);
	flow->totals.ip_bytes[direction & 1] += p->end - ETH_HLEN;
}

/* The totals of a flow that begins with this packet. */
static __always_inline void begin_totals(struct ng_flow_totals *totals, const struct __sk_buff *skb,
					 const struct ng_packet *p, int direction)
{
	totals->packets[direction & 1] = packets_in(skb);
	totals->packets[~direction & 1] = 0;
	totals->ip_bytes[direction & 1] = p->end - ETH_HLEN;
	totals->ip_bytes[~direction & 1] = 0;
	totals->started = moment_of(boot_time());
	totals->pad = 0;
}

/* Has the flow seen both FINs, and its end was not reported? Then the next packet, an ACK, is its last. */
static __always_inline int is_last(const struct ng_flow *flow)
{
	const __u8 fins = NG_FLOW_FIN_SENT | NG_FLOW_FIN_RECEIVED;

	return (flow->flags & (fins | NG_FLOW_ENDED)) == fins;
}

/* A packet with FIN or RST, or the last one. */
static __always_inline void follow_end(__u32 slot, struct ng_flow *flow, const struct ng_packet *p, int direction)
{
	if (p->tcp_flags & NG_TCP_RST) {
		flow->flags |= NG_FLOW_CLOSING;
		end_flow(slot, &p->key, flow, NG_ENDED_RESET);
	} else if (p->tcp_flags & NG_TCP_FIN) {
		flow->flags |= NG_FLOW_CLOSING | (direction == NG_EGRESS ? NG_FLOW_FIN_SENT : NG_FLOW_FIN_RECEIVED);
	} else {
		end_flow(slot, &p->key, flow, NG_ENDED_CLOSED);
	}
}

#endif
