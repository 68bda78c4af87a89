/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What becomes of the packets to DNS servers of an endpoint whose queries are judged (dnsQueries), or that must show TLS names: they
 * pass, are answered here, dropped, or their connection is reset.
 */
#ifndef NG_DNS_FILTER_H
#define NG_DNS_FILTER_H

#include "dns_query.h"
#include "dns_query_stream.h"

static __always_inline int is_to_dns(const struct ng_packet *p)
{
	return (p->key.protocol == IPPROTO_UDP || p->key.protocol == IPPROTO_TCP) &&
	       (p->key.be_remote_port == bpf_htons(NG_DNS_PORT) || is_dns_port(p->key.be_remote_port));
}

/* Are the endpoint's queries over UDP judged, or those for HTTPS records answered here? */
static __always_inline int filters_queries(const struct ng_endpoint_config *config)
{
	return config->flags & NG_ENDPOINT_DNS || config->direction[NG_EGRESS].flags & NG_DIR_TLS;
}

/* Judges a segment to a trusted server, message by message. */
static __always_inline __u32 judge_segment(struct __sk_buff *skb, struct ng_dns *dns, const struct ng_packet *p,
					   const struct ng_endpoint_config *config, __u32 slot)
{
	__u32 verdict = open_segment(skb, p, config, slot);

	if (verdict != NG_SEGMENT_HAS_DATA)
		return verdict;
	for (int i = 0; i < NG_SEGMENT_MESSAGES; i++) {
		int next = next_message(skb, slot);

		if (next == NG_MESSAGE_UNJUDGED)
			return NG_QUERY_UNJUDGED;
		if (next == NG_MESSAGE_NEW) {
			verdict = judge_message(config, slot);
			if (verdict != NG_QUERY_PASSES)
				return NG_QUERY(NG_QUERY_REASON(verdict), NG_QUERY_RESET);
			if (accept_message(slot))
				return NG_QUERY_UNJUDGED;
		}
		pass_message(dns);
		if (dns->segment_at >= dns->segment_end)
			return NG_QUERY_PASSES;
	}
	return NG_QUERY_UNJUDGED;
}

/*
 * Loads the next message of a segment of which nothing is refused, beginning with the first one. Non-zero: no further one is known. The
 * stream is not followed, so a message that does not begin with its segment is not seen. Global, so that it is verified once, on its own.
 */
int load_logged(struct __sk_buff *skb, const struct ng_packet *p, __u32 first)
{
	struct ng_dns *dns = dns_state();

	if (!dns || !p || (first && read_dns_segment(skb, dns, p) < 0) || load_next(skb, dns))
		return -1;
	pass_message(dns);
	return 0;
}

/* Reports the queries of a segment that dnsQueries: Allowed would refuse. */
static __always_inline void log_segment(struct __sk_buff *skb, struct ng_dns *dns, const struct ng_packet *p,
					const struct ng_endpoint_config *config, __u32 slot)
{
	for (int i = 0; i < NG_SEGMENT_MESSAGES; i++) {
		if (load_logged(skb, p, i == 0))
			break;
		__u32 verdict = judge_message(config, slot);

		if (verdict == NG_QUERY_UNJUDGED)
			break;
		if (verdict != NG_QUERY_PASSES)
			report_query(dns, slot, p, NG_R_QUERY_LOGGED);
	}
}

static __always_inline __u32 judge_dns(struct __sk_buff *skb, struct ng_dns *dns, const struct ng_packet *p,
				       const struct ng_endpoint_config *config, __u32 slot)
{
	int only_logs = !(config->flags & NG_ENDPOINT_DNS_ALLOWED);

	if (!is_trusted(config, &p->key.remote, p->key.be_remote_port))
		return only_logs ? NG_QUERY_PASSES : NG_QUERY_UNJUDGED;
	if (p->key.protocol == IPPROTO_UDP)
		return judge_datagram(skb, dns, p, config, slot);
	if (!only_logs)
		return judge_segment(skb, dns, p, config, slot);
	log_segment(skb, dns, p, config, slot);
	return NG_QUERY_PASSES;
}

#define NG_TYPE_SVCB 64
#define NG_TYPE_HTTPS 65

/*
 * Does the datagram ask a trusted server for the records that tell clients of ECH and QUIC (RFC 9460)? An endpoint that must show TLS
 * names gets none, so that its clients show the names. It is a help for honest clients: the name that a hello with ECH shows is
 * judged like any other. Global, so that it is verified once, on its own.
 */
int asks_for_https(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config)
{
	struct ng_dns *dns = dns_state();

	if (!dns || !p || !config || p->key.protocol != IPPROTO_UDP || p->fragment != NG_WHOLE || skb->gso_size ||
	    !is_trusted(config, &p->key.remote, p->key.be_remote_port) || load_message(skb, dns, p, NG_QUERY_MAX) ||
	    read16(dns, 2) & NG_DNS_PLAIN || read16(dns, 4) != 1)
		return 0;
	__u32 end = (__u32)question_end(dns);
	if (!end || end + 4 > dns->length)
		return 0;
	__u32 type = read16(dns, end);
	return type == NG_TYPE_SVCB || type == NG_TYPE_HTTPS;
}

/*
 * The verdict for a packet from the pod, to a DNS port, that the policy allows: NG_NEXT, NG_DROP, NG_RESET, or the action for
 * the response.
 */
int judge_dns_packet(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config,
		     __u32 slot)
{
	struct ng_dns *dns = dns_state();

	if (!dns || !p || !config)
		return NG_DROP;
	dns->now = boot_time();
	dns->slot = slot;
	dns->endpoint = config->endpoint;
	dns->length = 0;
	__u32 verdict = config->flags & NG_ENDPOINT_DNS ? judge_dns(skb, dns, p, config, slot) : NG_QUERY_PASSES;
	if (verdict == NG_QUERY_PASSES) {
		if (!(config->direction[NG_EGRESS].flags & NG_DIR_TLS) || !asks_for_https(skb, p, config))
			return NG_NEXT;
		count(slot, NG_R_TLS_HTTPS);
		return turn_query(skb, p->transport, NG_RCODE_NONE);
	}
	if (!(config->flags & NG_ENDPOINT_DNS_ALLOWED)) {
		report_query(dns, slot, p, NG_R_QUERY_LOGGED);
		return NG_NEXT;
	}
	report_query(dns, slot, p, NG_QUERY_REASON(verdict));
	__u32 rcode = NG_QUERY_RCODE(verdict);
	if (rcode == NG_QUERY_RESET)
		return NG_RESET;
	return rcode == NG_QUERY_DROPPED ? NG_DROP : turn_query(skb, p->transport, rcode);
}

/* A SYN-ACK to the pod from a DNS server: its connection can be judged from now on. */
static __always_inline void note_handshake(struct __sk_buff *skb, const struct ng_packet *p,
					   const struct ng_endpoint_config *config, __u32 slot)
{
	if (config->flags & NG_ENDPOINT_DNS_ALLOWED && p->key.protocol == IPPROTO_TCP &&
	    (p->tcp_flags & (NG_TCP_SYN | NG_TCP_ACK)) == (NG_TCP_SYN | NG_TCP_ACK) && is_to_dns(p))
		confirm_stream(skb, p, config, slot);
}

#endif
