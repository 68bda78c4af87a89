/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The verdict for a segment of the pod whose connection has not shown its TLS name (T rules in docs/semantics.md). With the name the
 * rules are judged again, as if only the domains that match it had opened the address.
 */
#ifndef NG_TLS_JUDGE_H
#define NG_TLS_JUDGE_H

#include "tls_hello.h"
#include "tls_name.h"
#include "tls_record.h"

/* A report with a name, for either ring. */
struct ng_name_report {
	struct ng_event event;
	__u8 name[NG_HELLO_NAME_MAX + 3];
};
NG_SCRATCH_MAP(name_reports, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct ng_name_report, 1)

/* Fills the report from the packet and the buffer, which may be null. Returns its bytes. */
static __always_inline __u32 fill_report(struct ng_name_report *report, __u32 endpoint, const struct ng_packet *p,
					 __u32 rule, const struct ng_hello_buffer *buffer)
{
	__u32 length = buffer ? buffer->name_length : 0;

	if (length > NG_HELLO_NAME_MAX)
		length = 0;
	/* Changes nothing: for the verifier of Linux 6.1, which forgets the comparison. */
	asm volatile("%0 &= 0xff" : "+r"(length));
	report->event = (struct ng_event){
		.boot_ns = boot_time(),
		.endpoint = endpoint,
		.payload = (__u16)length,
		.remote = p->key.remote,
		.be_remote_port = p->key.be_remote_port,
		.be_local_port = p->key.be_local_port,
		.protocol = p->key.protocol,
		.direction = NG_EGRESS,
		.rule = (__u16)rule,
	};
	if (length)
		__builtin_memcpy(report->name, buffer->name, sizeof(report->name));
	return sizeof(report->event) + length;
}

/* Reports that the connection may not go on, under the rate limit of denials. Global: verified once, on its own. */
int report_unnamed(const struct ng_packet *p, __u32 endpoint, __u32 number, __u32 rule_and_reason)
{
	__u32 zero = 0;
	struct ng_tls *tls = tls_state();
	struct ng_name_report *report = bpf_map_lookup_elem(&name_reports, &zero);

	if (!tls || !p || !report)
		return 0;
	count(tls->slot, rule_and_reason & 0xffff);
	if (!may_report_denial(tls->slot, tls->now))
		return 0;
	__u32 length = fill_report(report, endpoint, p, rule_and_reason >> 16, buffer_at(number));
	report->event.kind = NG_EVENT_DENIED;
	report->event.reason = (__u16)rule_and_reason;
	if (bpf_ringbuf_output(&events, report, length, 0))
		count(tls->slot, NG_R_EVENT_LOST);
	return 0;
}

/* Reports the name of an accepted hello while somebody wants to read it. */
int report_named(const struct ng_packet *p, __u32 endpoint)
{
	__u32 zero = 0;
	struct ng_tls *tls = tls_state();
	struct ng_name_report *report = bpf_map_lookup_elem(&name_reports, &zero);
	struct ng_hello_buffer *buffer = tls ? buffer_at(tls->buffer) : 0;

	if (!buffer || !p || !report)
		return 0;
	count(tls->slot, NG_R_TLS_NAMED);
	if (!is_wanted(NG_WANT_NAMES))
		return 0;
	__u32 length = fill_report(report, endpoint, p, buffer->rule, buffer);
	report->event.kind = NG_EVENT_NAMED;
	return send_flow_report(tls->slot, &report->event, length);
}

/* Keeps the server name as text in lower case, for reports. */
static __always_inline void keep_name(const struct ng_tls *tls, struct ng_hello_buffer *buffer)
{
	for (__u32 i = 0; i < NG_HELLO_NAME_MAX; i += 8) {
		if (i >= tls->name_length)
			break;
		*(__u64 *)&buffer->name[i] = ng_lower8(*(__u64 *)&tls->flat[(tls->name_at + i) & NG_HELLO_MASK]);
	}
	buffer->name_length = tls->name_length;
}

/*
 * The verdict for a packet whose connection pod_egress has judged already: no rule counts or logs it again. After fill_judgement();
 * `flow_pattern`: as in ng_judgement.
 */
static __always_inline int judge_quietly(struct ng_judgement *j, __u64 flow_pattern)
{
	j->flow_pattern = flow_pattern;
	j->quiet = 1;
	j->rule = 0;
	j->pattern = 0;
	return j->rules.policy ? judge(j) : NG_ACT_ALLOW;
}

/* Judges the rules with the server name that find_server_name() found. NG_R_NONE: the connection may go on. */
int judge_name(const struct ng_packet *p, const struct ng_endpoint_config *config)
{
	struct ng_tls *tls = tls_state();
	struct ng_hello_buffer *buffer = tls ? buffer_at(tls->buffer) : 0;

	if (!buffer || !p || !config || convert_name())
		return NG_R_TLS_NO_NAME;
	__u32 slot = tls->slot;
	void *table = flow_table(slot);
	/* See tls_bind.h for where the key is. */
	struct ng_flow *flow = table ? bpf_map_lookup_elem(table, &tls->packet.key) : 0;
	struct ng_judgement *j = begin_judgement(slot);
	keep_name(tls, buffer);
	if (!flow || !j)
		return NG_R_TLS_UNKNOWN;
	fill_judgement(j, config, p, NG_EGRESS);
	find_shown(slot, &p->key, flow->pattern);
	if (judge_quietly(j, flow->pattern) != NG_ACT_ALLOW)
		return NG_R_TLS_NAME;
	buffer->rule = j->rule;
	buffer->pattern = j->pattern;
	buffer->judged = config->generation;
	return NG_R_NONE;
}

/* The first byte is not TLS: only that must stay the same until the server has it. */
static __always_inline int go_on_plain(const struct ng_tls *tls, struct ng_hello_buffer *buffer)
{
	if (tls->require)
		return NG_R_TLS_NOT_TLS;
	buffer->phase = NG_HELLO_NOT_TLS;
	buffer->length = 1;
	buffer->used = tls->now;
	count(tls->slot, NG_R_TLS_PLAIN);
	return NG_R_NONE;
}

/* Looks at the hello as far as it was recorded. */
static __always_inline int judge_hello(struct ng_tls *tls, struct ng_hello_buffer *buffer, const struct ng_packet *p,
				       const struct ng_endpoint_config *config)
{
	int step = walk_records(tls, buffer);

	if (step != NG_STEP_COMPLETE && step != NG_HELLO_SHORT)
		return step;
	int reason = find_server_name();
	if (reason == NG_R_NONE && tls->name_at && !buffer->judged)
		reason = judge_name(p, config);
	if (reason != NG_R_NONE || step != NG_STEP_COMPLETE)
		return reason;
	buffer->hello_end = buffer->scanned;
	buffer->phase = NG_HELLO_SENT;
	if (!buffer->retried)
		report_named(p, config->endpoint);
	return buffer->judged ? NG_R_NONE : NG_R_TLS_FORM;
}

/* Does the first segment begin with something else than TLS? */
static __always_inline int begins_plain(struct __sk_buff *skb, const struct ng_tls *tls, struct ng_hello_buffer *buffer)
{
	__u8 first;

	if (buffer->length || tls->sequence != buffer->base || bpf_skb_load_bytes(skb, tls->payload, &first, 1) ||
	    looks_like_tls(first))
		return 0;
	buffer->bytes[0] = first;
	return 1;
}

/* Judges the payload of a segment, in the locked buffer tls->buffer. NG_R_NONE: it passes. Global: verified once, on its own. */
int judge_payload(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config)
{
	struct ng_tls *tls = tls_state();
	struct ng_hello_buffer *buffer = tls ? buffer_at(tls->buffer) : 0;

	if (!buffer || !p || !config)
		return NG_R_TLS_WAITS;
	tls->resets = 1;
	tls->next = buffer->base + buffer->length;
	if (buffer->phase == NG_HELLO_NOT_TLS)
		return compare_first(skb, tls, buffer);
	if (begins_plain(skb, tls, buffer))
		return go_on_plain(tls, buffer);
	int reason = record_segment(skb);
	if (reason != NG_R_NONE || !tls->fresh)
		return reason;
	if (buffer->phase == NG_HELLO_AWAITED)
		reason = judge_hello(tls, buffer, p, config);
	if (reason != NG_R_NONE || buffer->phase == NG_HELLO_AWAITED || buffer->scanned >= buffer->length)
		return reason;
	return walk_records(tls, buffer);
}

#endif
