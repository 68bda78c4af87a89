/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Connections bound to TLS names: what becomes of each packet until the name of its connection is decided. The flow has
 * NG_UNDECIDED_GENERATION meanwhile, so pod_egress and pod_ingress send its packets here. Once the server has acknowledged the hello
 * that was judged, and has answered it with something else than a request for another one, the flow becomes like any other.
 *
 * Whoever decides a flow stores it first and then checks that its connection still has its entry in `hellos`; a new SYN of the same
 * ports first replaces that entry and then stores its own flow. So a decision never opens the flow of another connection.
 */
#ifndef NG_TLS_BIND_H
#define NG_TLS_BIND_H

#include "reject.h"
#include "tls_judge.h"
#include "tls_server.h"
#include "tls_syn.h"

/*
 * Global functions get the packet as a parameter, but its key for lookups from tls_state(), where the packet is: before Linux 6.2 a key
 * must be on the stack or in a map, and a parameter is neither.
 */

#define NG_TCP_URGENT 0x20

/* Begins with a packet of the endpoint: nothing of the packet before is left in tls_state(). */
static __always_inline void begin_packet(struct ng_tls *tls, __u32 slot, const struct ng_endpoint_config *config)
{
	tls->slot = slot;
	tls->endpoint = config->endpoint;
	tls->now = tick_of(boot_time());
	tls->buffer = NG_NO_BUFFER;
	tls->bytes = 0;
	tls->resets = 0;
}

/* Describes the segment in tls_state(). Non-zero: its header is not within the packet. */
static __always_inline int read_segment(struct __sk_buff *skb, struct ng_tls *tls, const struct ng_packet *p)
{
	__u8 header[16];

	if (bpf_skb_load_bytes(skb, p->transport, header, sizeof(header)))
		return -1;
	tls->sequence = bpf_ntohl(*(__u32 *)&header[4]);
	tls->acknowledged = bpf_ntohl(*(__u32 *)&header[8]);
	tls->payload = p->transport + (header[12] >> 4) * 4;
	tls->flags = header[13];
	tls->bytes = p->end > tls->payload ? p->end - tls->payload : 0;
	return header[12] >> 4 < 5 || tls->payload > p->end;
}

/* Counts a packet of an undecided flow that passes. */
static __always_inline void note_packet(struct __sk_buff *skb, struct ng_flow *flow, const struct ng_packet *p,
					__u32 slot, const struct ng_endpoint_config *config, int direction)
{
	flow->last_seen = now_jiffies();
	count_packet(skb, flow, p, direction);
	if (p->tcp_flags & (NG_TCP_FIN | NG_TCP_RST) || is_last(flow))
		follow_end(slot, flow, p, direction);
	if (direction == NG_INGRESS)
		flow->flags |= NG_FLOW_REPLIED;
	if (config->direction[NG_EGRESS].counter_base)
		count_rule(config->direction[NG_EGRESS].counter_base, flow->rule, 0);
}

/* Stores the flow of the packet with the rule and pattern, in place of the undecided one. */
static __always_inline struct ng_judgement *take_over(const struct ng_packet *p, __u32 slot, const struct ng_flow *flow,
						      __u32 rule, __u64 pattern)
{
	struct ng_judgement *j = begin_judgement(slot);

	if (!j)
		return 0;
	j->key = p->key;
	j->pattern = pattern;
	j->rule = (__u16)rule;
	j->direction = NG_EGRESS;
	j->icmp = 0;
	j->totals = flow->totals;
	return j;
}

/* The flow is decided: it goes on like any other, judged under `generation`. Global: verified once, on its own. */
int decide_flow(const struct ng_packet *p, __u32 slot, __u64 cookie, __u32 number, __u32 generation)
{
	void *table = flow_table(slot);
	struct ng_tls *tls = tls_state();
	struct ng_hello_buffer *buffer = buffer_at(number);

	if (!table || !tls || !p)
		return 0;
	const struct ng_flow_key *key = &tls->packet.key;
	struct ng_flow *flow = bpf_map_lookup_elem(table, key);

	if (!flow || flow->generation != NG_UNDECIDED_GENERATION)
		return 0;
	int named = buffer && buffer->judged;
	struct ng_judgement *j =
		take_over(p, slot, flow, named ? buffer->rule : flow->rule, named ? buffer->pattern : flow->pattern);
	if (!j)
		return 0;
	store_flow(j, generation, flow->flags);
	struct ng_hello *hello = find_hello(slot, key);
	if (!hello || cookie_of(*(volatile __u64 *)&hello->word) != cookie)
		bpf_map_delete_elem(table, key);
	else
		end_hello(slot, key);
	return 0;
}

/* The connection may not go on: its flow becomes a tombstone. Global, for the same reason. */
int cut_flow(const struct ng_packet *p, __u32 slot, __u32 generation)
{
	void *table = flow_table(slot);
	struct ng_tls *tls = tls_state();

	if (!table || !tls || !p)
		return 0;
	const struct ng_flow_key *key = &tls->packet.key;
	struct ng_flow *flow = bpf_map_lookup_elem(table, key);

	if (!flow)
		return 0;
	end_flow(slot, &p->key, flow, NG_ENDED_CUT);
	struct ng_judgement *j = take_over(p, slot, flow, flow->rule, flow->pattern);
	if (!j)
		return 0;
	store_flow(j, generation, flow->flags | NG_FLOW_CUT | NG_FLOW_ENDED);
	end_hello(slot, key);
	return 0;
}

/* Ends the connection for the reason. Returns NG_REFUSE. */
static __always_inline int refuse_connection(const struct ng_packet *p, __u32 slot,
					     const struct ng_endpoint_config *config, __u32 rule, __u32 number,
					     __u32 reason)
{
	report_unnamed(p, config->endpoint, number, rule << 16 | reason);
	cut_flow(p, slot, config->generation);
	return NG_REFUSE;
}

enum ng_recheck { NG_STILL_BOUND, NG_NO_LONGER_BOUND, NG_NO_LONGER_ALLOWED };

/*
 * The policy has changed since the SYN: what does it say now? Sets tls->require. Global, for the same reason; returns an ng_recheck.
 */
int judge_bound_again(const struct ng_packet *p, const struct ng_endpoint_config *config, __u32 slot)
{
	struct ng_tls *tls = tls_state();
	struct ng_judgement *j = begin_judgement(slot);
	void *table = flow_table(slot);

	if (!tls || !j || !table || !p || !config)
		return NG_NO_LONGER_ALLOWED;
	const struct ng_flow_key *key = &tls->packet.key;
	struct ng_flow *flow = bpf_map_lookup_elem(table, key);
	if (!flow)
		return NG_NO_LONGER_ALLOWED;
	fill_judgement(j, config, p, NG_EGRESS);
	if (judge_quietly(j, flow->pattern) != NG_ACT_ALLOW)
		return config->flags & NG_ENDPOINT_KEEP ? NG_STILL_BOUND : NG_NO_LONGER_ALLOWED;
	tls->require = j->bound & NG_RULE_REQUIRE ? 1 : 0;
	return j->bound ? NG_STILL_BOUND : NG_NO_LONGER_BOUND;
}

/* A SYN of the pod that a rule with TLS names admits. */
static __always_inline int begin_bound(struct __sk_buff *skb, struct ng_tls *tls, struct ng_judgement *j,
				       const struct ng_packet *p, const struct ng_endpoint_config *config,
				       struct ng_flow *before)
{
	__u32 slot = tls->slot;
	__u32 base = tls->sequence + 1;
	const struct ng_flow_key *key = &tls->packet.key;
	struct ng_hello *hello = find_hello(slot, key);

	/* A repeated SYN changes nothing. */
	if (hello && before && before->generation == NG_UNDECIDED_GENERATION && *(volatile __u32 *)&hello->base == base)
		return make_plain(skb, p, tls);
	if (hello)
		drop_buffer(*(volatile __u64 *)&hello->word);
	if (begin_hello(slot, key, base, config->generation, j->bound & NG_RULE_REQUIRE))
		return drop(slot, NG_R_TLS_WAITS);
	begin_flow(skb, j, NG_UNDECIDED_GENERATION, p, NG_EGRESS, 0, before);
	count(slot, NG_R_ALLOWED);
	return make_plain(skb, p, tls);
}

/* A packet that a rule admits, but that no undecided flow has: of a new connection, of one whose begin was not seen, or not TCP. */
int judge_unbound(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config, __u32 slot)
{
	struct ng_tls *tls = tls_state();
	struct ng_judgement *j = begin_judgement(slot);
	void *table = flow_table(slot);

	if (!tls || !j || !p || !config || !table)
		return NG_DROP;
	const struct ng_flow_key *key = &tls->packet.key;
	struct ng_flow *before = bpf_map_lookup_elem(table, key);
	fill_judgement(j, config, p, NG_EGRESS);
	if (judge_quietly(j, 0) != NG_ACT_ALLOW)
		return deny(j, NG_EVENT_DENIED, NG_R_DENIED);
	int tcp = p->key.protocol == IPPROTO_TCP;
	if (!j->bound ||
	    (tcp && is_dns_port(p->key.be_remote_port) && is_trusted(config, &p->key.remote, p->key.be_remote_port))) {
		if (begins_flow(p, 1))
			begin_flow(skb, j, config->generation, p, NG_EGRESS, 0, before);
		count(slot, NG_R_ALLOWED);
		return NG_NEXT;
	}
	if (tcp && starts_connection(p))
		return begin_bound(skb, tls, j, p, config, before);
	/* A RST without data ends a connection that the server still has. */
	if (tcp && p->tcp_flags & NG_TCP_RST && !tls->bytes)
		return NG_NEXT;
	report_unnamed(p, config->endpoint, NG_NO_BUFFER,
		       (__u32)j->rule << 16 | (tcp ? NG_R_TLS_UNKNOWN : NG_R_TLS_QUIC));
	return tcp ? NG_REFUSE : NG_RESET;
}

/* Gives the connection a buffer, with its first byte. Returns its number or NG_NO_BUFFER. */
static __always_inline __u32 place_connection(struct ng_hello *hello, __u64 word)
{
	__u64 server = *(volatile __u64 *)&hello->server;
	__u32 base = *(volatile __u32 *)&hello->base;

	if (!(word & NG_HELLO_ANSWERED) || server >> 32 != server_mark(word) >> 32)
		return NG_NO_BUFFER;
	__u32 number = take_buffer(cookie_of(word), base, (__u32)server);
	if (number == NG_NO_BUFFER)
		return number;
	/* What was read belongs to this connection if the cookie is still there. */
	__u64 placed = word | (__u64)(number + 1) << NG_HELLO_BUFFER;
	if (__sync_val_compare_and_swap(&hello->word, word, placed) == word)
		return number;
	drop_buffer(placed);
	return NG_NO_BUFFER;
}

static __always_inline int is_passing(__u32 reason)
{
	return reason == NG_R_NONE;
}

static __always_inline int is_dropping(__u32 reason)
{
	return reason == NG_R_TLS_WAITS || reason == NG_R_TLS_UNFIT;
}

/* Judges a segment with payload of an undecided flow. Returns a reason: enum ng_reason. Global, for the same reason. */
int judge_data(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config, __u32 slot)
{
	struct ng_tls *tls = tls_state();

	if (!tls || !p || !config)
		return NG_R_TLS_WAITS;
	const struct ng_flow_key *key = &tls->packet.key;
	struct ng_hello *hello = find_hello(slot, key);
	if (!hello)
		return NG_R_TLS_UNKNOWN;
	if (tls->flags & (NG_TCP_URGENT | NG_TCP_RST | NG_TCP_SYN))
		return NG_R_TLS_UNFIT;
	__u64 word = *(volatile __u64 *)&hello->word;
	__u32 number = buffer_of(word);
	if (number == NG_NO_BUFFER)
		number = place_connection(hello, word);
	struct ng_hello_buffer *buffer = number == NG_NO_BUFFER ? 0 : buffer_at(number);
	if (!buffer || !try_lock(buffer))
		return NG_R_TLS_WAITS;
	/* It was idle for too long, and another connection has its buffer. */
	if (buffer->owner != cookie_of(word)) {
		unlock(buffer);
		return NG_R_TLS_UNKNOWN;
	}
	tls->buffer = number;
	int reason = judge_payload(skb, p, config);
	if (!is_passing(reason) && !is_dropping(reason))
		free_buffer(buffer);
	unlock(buffer);
	return reason;
}

/* Another CPU decided the flow after this packet was sent here. One that must be judged again is sent again. */
static __always_inline int pass_decided(__u32 slot, const struct ng_endpoint_config *config, const struct ng_flow *flow)
{
	if (!flow || flow->generation != config->generation)
		return drop(slot, NG_R_TLS_WAITS);
	return flow->flags & NG_FLOW_CUT ? refuse(slot, NG_R_CUT) : NG_NEXT;
}

/* The verdict for a packet from the pod. Global, for the same reason. */
int judge_bound_egress(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config,
		       __u32 slot)
{
	struct ng_tls *tls = tls_state();
	void *table = flow_table(slot);

	if (!tls || !p || !config || !table)
		return NG_DROP;
	const struct ng_flow_key *key = &tls->packet.key;
	if (p->fragment != NG_WHOLE)
		return drop(slot, NG_R_TLS_UNFIT);
	begin_packet(tls, slot, config);
	if (p->key.protocol == IPPROTO_TCP && read_segment(skb, tls, p))
		return drop(slot, NG_R_MALFORMED);
	struct ng_flow *flow = bpf_map_lookup_elem(table, key);
	if (!flow || starts_connection(p) || !is_alive(flow, p->key.protocol, now_jiffies()))
		return judge_unbound(skb, p, config, slot);
	if (flow->generation != NG_UNDECIDED_GENERATION)
		return pass_decided(slot, config, flow);
	struct ng_hello *hello = find_hello(slot, key);
	if (!hello)
		return refuse_connection(p, slot, config, flow->rule, NG_NO_BUFFER, NG_R_TLS_UNKNOWN);
	__u64 word = *(volatile __u64 *)&hello->word;
	tls->require = word & NG_HELLO_REQUIRE ? 1 : 0;
	if (hello->generation != config->generation) {
		int now = judge_bound_again(p, config, slot);

		if (now == NG_NO_LONGER_ALLOWED)
			return refuse_connection(p, slot, config, flow->rule, NG_NO_BUFFER, NG_R_CUT);
		if (now == NG_NO_LONGER_BOUND) {
			decide_flow(p, slot, cookie_of(word), NG_NO_BUFFER, config->generation);
			drop_buffer(word);
			return NG_NEXT;
		}
	}
	__u32 reason = tls->bytes ? (__u32)judge_data(skb, p, config, slot) : NG_R_NONE;
	if (is_dropping(reason))
		return drop(slot, reason);
	if (!is_passing(reason))
		return refuse_connection(p, slot, config, flow->rule, tls->buffer, reason);
	note_packet(skb, flow, p, slot, config, NG_EGRESS);
	/* The connection is over. Should the server not think so, its later data is refused, because nothing is known of it. */
	if (p->tcp_flags & NG_TCP_RST) {
		drop_buffer(word);
		end_hello(slot, key);
	}
	return NG_NEXT;
}

/* Lets the server's payload pass or not, and decides the flow if the server agrees. Returns a reason: enum ng_reason. */
static __always_inline int hear_server(struct __sk_buff *skb, struct ng_tls *tls, struct ng_hello_buffer *buffer,
				       const struct ng_packet *p, __u32 generation)
{
	if (buffer->phase == NG_HELLO_AWAITED && !buffer->retried && tls->bytes)
		return NG_R_TLS_UNFIT;
	if (tls->bytes)
		gather_server(skb, tls, buffer);
	int said = server_said(tls, buffer);
	if (said == NG_SERVER_ASKS_AGAIN) {
		buffer->retried = 1;
		buffer->phase = NG_HELLO_AWAITED;
		buffer->judged = 0;
	}
	if (said == NG_SERVER_NOT_TLS) {
		free_buffer(buffer);
		return NG_R_TLS_NOT_TLS;
	}
	if (said != NG_SERVER_AGREES)
		return NG_R_NONE;
	decide_flow(p, tls->slot, buffer->owner, tls->buffer, buffer->judged ? buffer->judged : generation);
	free_buffer(buffer);
	return NG_R_NONE;
}

/* The verdict for a packet to the pod. Global, for the same reason. */
int judge_bound_ingress(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config,
			__u32 slot)
{
	struct ng_tls *tls = tls_state();
	void *table = flow_table(slot);

	if (!tls || !p || !config || !table)
		return NG_DROP;
	const struct ng_flow_key *key = &tls->packet.key;
	if (p->fragment != NG_WHOLE || p->key.protocol != IPPROTO_TCP)
		return drop(slot, NG_R_TLS_UNFIT);
	begin_packet(tls, slot, config);
	if (read_segment(skb, tls, p))
		return drop(slot, NG_R_MALFORMED);
	struct ng_flow *flow = bpf_map_lookup_elem(table, key);
	if (!flow || flow->generation != NG_UNDECIDED_GENERATION)
		return pass_decided(slot, config, flow);
	struct ng_hello *hello = find_hello(slot, key);
	if (!hello)
		return refuse_connection(p, slot, config, flow->rule, NG_NO_BUFFER, NG_R_TLS_UNKNOWN);
	__u64 word = *(volatile __u64 *)&hello->word;
	tls->require = word & NG_HELLO_REQUIRE ? 1 : 0;
	__u32 generation = hello->generation;
	if (generation != config->generation && judge_bound_again(p, config, slot) == NG_NO_LONGER_ALLOWED)
		return refuse_connection(p, slot, config, flow->rule, NG_NO_BUFFER, NG_R_CUT);
	__u32 reason = NG_R_NONE;
	__u32 number = buffer_of(word);
	if (tls->flags & NG_TCP_SYN) {
		reason = tls->bytes ? NG_R_TLS_UNFIT
				    : note_answered(hello, tls->sequence, tls->acknowledged, tls->flags);
	} else if (number == NG_NO_BUFFER) {
		/* The pod has sent nothing yet: a server that speaks first is not one of TLS. */
		reason = tls->bytes && tls->require ? NG_R_TLS_UNFIT : NG_R_NONE;
	} else {
		struct ng_hello_buffer *buffer = lock_buffer(number, cookie_of(word));

		tls->buffer = number;
		if (buffer) {
			reason = (__u32)hear_server(skb, tls, buffer, p, generation);
			unlock(buffer);
		} else if (tls->bytes) {
			reason = NG_R_TLS_WAITS;
		}
	}
	if (is_dropping(reason))
		return drop(slot, reason);
	if (!is_passing(reason))
		return refuse_connection(p, slot, config, flow->rule, tls->buffer, reason);
	note_packet(skb, flow, p, slot, config, NG_INGRESS);
	return NG_NEXT;
}

#endif
