/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * denyAction: Reject, for a connection that showed a wrong TLS name: both ends get a RST, because the server already has the connection
 * and perhaps a part of the hello. The pod's segment becomes the RST for the server, a copy of which enters the node as an answer does
 * (reject.h); then it becomes the answer for the pod, as ever.
 */
#ifndef NG_TLS_RESET_H
#define NG_TLS_RESET_H

#include "reject.h"

/* Makes the header that of a RST in the same direction; it is in the window only if `sequence` is the byte that the peer expects. */
static __always_inline void make_onward_rst(struct ng_tcp *tcp, __u32 sequence)
{
	struct ng_tcp rst = {
		.be_source = tcp->be_source,
		.be_destination = tcp->be_destination,
		.be_sequence = bpf_htonl(sequence),
		.be_acknowledged = tcp->be_acknowledged,
		.offset = sizeof(struct ng_tcp) / 4 << 4,
		.flags = NG_TCP_RST | NG_TCP_ACK,
	};

	*tcp = rst;
}

/* Global functions, so that each has its own stack. Non-zero: failed. */
int make_onward_rst4(struct __sk_buff *skb, __u32 sequence)
{
	struct ng_reset4 a = {};

	if (bpf_skb_load_bytes(skb, 0, &a.head.link, sizeof(a) - sizeof(a.head.pad)))
		return 1;
	make_onward_rst(&a.tcp, sequence);
	/* Twice: new headers in the packet's own direction. */
	reverse_head4(&a.head, IPPROTO_TCP, sizeof(a.tcp));
	reverse_head4(&a.head, IPPROTO_TCP, sizeof(a.tcp));
	return send_rst4(skb, &a);
}
int make_onward_rst6(struct __sk_buff *skb, __u32 sequence)
{
	struct ng_reset6 a = {};

	if (bpf_skb_load_bytes(skb, 0, &a.head.link, sizeof(a) - sizeof(a.head.pad)))
		return 1;
	make_onward_rst(&a.tcp, sequence);
	reverse_head6(&a.head, IPPROTO_TCP, sizeof(a.tcp));
	reverse_head6(&a.head, IPPROTO_TCP, sizeof(a.tcp));
	return send_rst6(skb, &a);
}

/* Sends the server a RST in the place of the pod's segment. The packet then still serves for the answer to the pod. */
static __always_inline void reset_server(struct __sk_buff *skb, const struct ng_packet *p, __u32 sequence)
{
	if (!is_answerable(skb, p, NG_EGRESS))
		return;
	if (p->is_v6 ? make_onward_rst6(skb, sequence) : make_onward_rst4(skb, sequence))
		return;
	skb->mark = answer_mark;
	bpf_clone_redirect(skb, skb->ifindex, BPF_F_INGRESS);
	skb->mark = 0;
}

#endif
