/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * DNS over TCP. The daemon reassembles the messages (runtime/dns/tcp_exchange.h). It gets copies of both SYNs, which mark
 * the start of the connection and of its streams, and of the pod's data, FIN and RST. Segments from the server are held:
 * the pod gets them when the daemon has learned from the messages that they complete. The server's FIN and RST are held
 * too, so that they do not overtake data.
 *
 * While a daemon runs, a segment that does not reach it is dropped, and the sender repeats it. Otherwise a response would
 * reach the pod before it is learned because the daemon is busy, and the daemon would read a new connection's bytes as those
 * of an older one with the same ports. If the endpoint's policy has no domains, nothing is held: only SYNs are dropped,
 * and any other lost segment makes the daemon forget the endpoint's connections (ng_held.lost).
 */
#ifndef NG_DNS_STREAM_H
#define NG_DNS_STREAM_H

#include "dns_exchange.h"
#include "hold.h"

#define NG_PACKET_HOST 0 /* skb->pkt_type of a frame to the interface's own hardware address */

/* Will the node forward the frame? If it routes for the pod, it discards frames that are not addressed to itself. */
static __always_inline int will_leave(const struct __sk_buff *skb, const struct ng_endpoint_config *config)
{
	return !(config->flags & NG_ENDPOINT_ROUTED) || skb->pkt_type == NG_PACKET_HOST;
}

/* The verdict for an admitted packet of a flow between the pod and a trusted server. */
static __noinline int judge_stream(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
				   const struct ng_packet *p, int direction)
{
	int payload = segment_payload(skb, p);
	int opens = p->tcp_flags & NG_TCP_SYN;
	int ends = p->tcp_flags & (NG_TCP_FIN | NG_TCP_RST);

	if (payload <= 0 && !opens && !ends)
		return NG_NEXT;
	if (direction == NG_EGRESS && !will_leave(skb, config))
		return NG_NEXT;
	int domains = config->direction[NG_EGRESS].flags & NG_DIR_DOMAINS;
	__u32 waits = direction == NG_INGRESS && !opens && domains;
	__u32 how = (waits ? NG_HOLD_WAITS : 0) | (direction == NG_EGRESS ? NG_HOLD_EGRESS : 0);
	int holding = hold_frame(skb, slot, config->endpoint, how, 0);
	if (holding == NG_HELD && waits)
		return consume_frame();
	if (holding == NG_HELD_NO_ROOM) {
		if (opens || domains)
			return NG_DROP;
		count_lost_frame(slot);
	}
	return NG_NEXT;
}

static __always_inline int is_dns_stream(const struct ng_endpoint_config *config, const struct ng_packet *p)
{
	return p->key.protocol == IPPROTO_TCP && p->fragment == NG_WHOLE && is_dns_port(p->key.be_remote_port) &&
	       is_trusted(config, &p->key.remote, p->key.be_remote_port);
}

#endif
