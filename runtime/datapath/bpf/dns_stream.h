/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * DNS over TCP. The daemon puts the messages together (runtime/dns/tcp_exchange.h): it gets the server's opening, which tells
 * where both streams begin, a copy of what the pod asks, and each segment that answers, which the pod gets once the
 * messages that it completes are learnt. Segments that end the connection take the same way, so that none overtakes.
 */
#ifndef NG_DNS_STREAM_H
#define NG_DNS_STREAM_H

#include "dns_exchange.h"
#include "hold.h"

/* Bytes behind the TCP header; -1: there is no whole header. */
static __always_inline int segment_payload(struct __sk_buff *skb, __u32 transport)
{
	__u8 offset;

	if (bpf_skb_load_bytes(skb, transport + 12, &offset, 1))
		return -1;
	return (int)skb->len - (int)(transport + (__u32)(offset >> 4) * 4);
}

/* A packet of a flow between the pod and a trusted server, already admitted. Returns the verdict. */
static __noinline int judge_stream(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
				   const struct ng_packet *p, int direction)
{
	int payload = segment_payload(skb, p->transport);
	int opens = p->tcp_flags & NG_TCP_SYN;
	int ends = p->tcp_flags & (NG_TCP_FIN | NG_TCP_RST);

	if (direction == NG_EGRESS) {
		if (payload > 0)
			hold_frame(skb, slot, config->endpoint, NG_EGRESS, 0);
		return NG_NEXT;
	}
	if (payload <= 0 && !opens && !ends)
		return NG_NEXT;
	__u32 waits = !opens && config->direction[NG_EGRESS].flags & NG_DIR_DOMAINS;
	if (hold_frame(skb, slot, config->endpoint, NG_INGRESS, waits) == NG_HELD && waits)
		return out_of_the_way();
	return NG_NEXT;
}

static __always_inline int is_stream(const struct ng_packet *p)
{
	return p->key.protocol == IPPROTO_TCP && p->fragment == NG_WHOLE && is_dns_port(p->key.be_remote_port) &&
	       is_trusted(&p->key.remote, p->key.be_remote_port);
}

#endif
