/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * DNS over TCP. The daemon puts the messages together (runtime/dns/tcp_exchange.h): it gets both SYNs, which tell that a
 * connection begins and where its streams do, a copy of what the pod asks and of its FIN and RST, and each segment that
 * answers, which the pod gets once the messages that it completes are learnt. Segments that end the connection take the
 * same way, so that none overtakes.
 *
 * While there is a daemon, a segment that does not get to it is dropped, and its sender repeats it. Else an answer would
 * reach the pod unlearnt because the daemon is busy, and the daemon would read a new connection's bytes as those of an older
 * one with the same ports. Where no policy has domains nothing waits for the daemon: of such an endpoint only SYNs are
 * dropped, and any other segment that is lost makes the daemon forget the endpoint's connections (ng_held.lost).
 */
#ifndef NG_DNS_STREAM_H
#define NG_DNS_STREAM_H

#include "dns_exchange.h"
#include "hold.h"

#define NG_PACKET_HOST 0 /* skb->pkt_type of a frame to the interface's own hardware address */

/* Does the frame go anywhere? The node takes no frame of a pod that it routes for but those to itself. */
static __always_inline int will_leave(const struct __sk_buff *skb, const struct ng_endpoint_config *config)
{
	return !(config->flags & NG_ENDPOINT_ROUTED) || skb->pkt_type == NG_PACKET_HOST;
}

/* A packet of a flow between the pod and a trusted server, already admitted. Returns the verdict. */
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
	int holding = hold_frame(skb, slot, config->endpoint, (__u32)direction, waits);
	if (holding == NG_HELD && waits)
		return out_of_the_way();
	if (holding == NG_HELD_ENOUGH) {
		if (opens || domains)
			return NG_DROP;
		lose_frame(slot);
	}
	return NG_NEXT;
}

static __always_inline int is_stream(const struct ng_endpoint_config *config, const struct ng_packet *p)
{
	return p->key.protocol == IPPROTO_TCP && p->fragment == NG_WHOLE && is_dns_port(p->key.be_remote_port) &&
	       is_trusted(config, &p->key.remote, p->key.be_remote_port);
}

#endif
