/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Makes the SYN of a connection that must show a TLS name a plain one, so that the server's stream consists of the payloads in their
 * order. TCP Fast Open (RFC 7413) would carry data that no acknowledgement has placed yet; the client sends it again as soon as the
 * SYN-ACK shows that it was not accepted. Multipath TCP (RFC 8684) would put the bytes at other places of the stream, and tcpcrypt (RFC
 * 8548) would encrypt them. So only the options are left that are known to do nothing of the kind; the others are overwritten.
 */
#ifndef NG_TLS_SYN_H
#define NG_TLS_SYN_H

#include "offload.h"
#include "tls_state.h"

#define NG_TCP_CHECKSUM 16 /* offset in the header */
#define NG_TCP_OPTIONS_MAX 40
#define NG_OPTION_END 0
#define NG_OPTION_NOP 1
#define NG_OPTION_SACK_PERMITTED 4 /* below it: maximum segment size, window scale */
#define NG_OPTION_TIMESTAMPS 8
#define NG_OPTION_MD5 19
#define NG_OPTION_AUTHENTICATION 29
#define NG_IP4_LENGTH (ETH_HLEN + 2)
#define NG_IP4_CHECKSUM (ETH_HLEN + 10)
#define NG_IP6_LENGTH (ETH_HLEN + 4)
#define NG_SUM_BLOCK 512 /* most bytes of one call of bpf_csum_diff */

struct ng_options {
	/* 40 bytes in use; 64, because the verifier of Linux 6.1 sees no lower limit of their number */
	__u8 before[64];
	__u8 after[64];
	/* walkers, in map memory so that the verifier can merge the states of the loop */
	__u32 next; /* where the next option begins */
	__u32 clear; /* where the option ends that is overwritten */
	__u32 changed; /* 1: `after` differs */
	__u32 pad;
};
NG_SCRATCH_MAP(option_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct ng_options, 1)

static __always_inline int is_plain_option(__u8 kind)
{
	return kind <= NG_OPTION_SACK_PERMITTED || kind == NG_OPTION_TIMESTAMPS || kind == NG_OPTION_MD5 ||
	       kind == NG_OPTION_AUTHENTICATION;
}

/* The option at `i`, which begins there. */
static __always_inline void look_at_option(volatile struct ng_options *options, __u32 i)
{
	__u8 kind = options->before[i];
	__u32 size = kind <= NG_OPTION_NOP || i + 1 >= NG_TCP_OPTIONS_MAX ? 1 : options->before[i + 1];

	/* Nothing follows the end of options, nor an option without a size. */
	options->next = kind == NG_OPTION_END || size == 0 ? NG_TCP_OPTIONS_MAX : i + size;
	if (!is_plain_option(kind))
		options->clear = i + size;
}

/* Overwrites the other options in `after`. */
static __always_inline void clear_options(volatile struct ng_options *options, __u32 length)
{
	options->next = 0;
	options->clear = 0;
	options->changed = 0;
	for (__u32 i = 0; i < NG_TCP_OPTIONS_MAX; i++) {
		if (i >= length)
			break;
		if (i == options->next)
			look_at_option(options, i);
		if (i < options->clear) {
			options->after[i] = NG_OPTION_NOP;
			options->changed = 1;
		}
	}
}

/* Global, so that it is verified once, on its own. Non-zero: failed. */
int overwrite_options(struct __sk_buff *skb, __u32 transport, __u32 length)
{
	__u32 zero = 0;
	struct ng_options *options = bpf_map_lookup_elem(&option_scratch, &zero);

	if (!options || length == 0 || length > NG_TCP_OPTIONS_MAX)
		return -1;
	for (int i = 0; i < NG_TCP_OPTIONS_MAX / 8; i++)
		*(volatile __u64 *)&options->before[i * 8] = 0;
	length = ((length - 1) & 63) + 1;
	if (length > NG_TCP_OPTIONS_MAX || bpf_skb_load_bytes(skb, transport + NG_TCP_HEADER, options->before, length))
		return -1;
	for (int i = 0; i < NG_TCP_OPTIONS_MAX / 8; i++)
		*(volatile __u64 *)&options->after[i * 8] = *(__u64 *)&options->before[i * 8];
	clear_options(options, length);
	if (!options->changed)
		return 0;
	__s64 difference = bpf_csum_diff((__be32 *)options->before, NG_TCP_OPTIONS_MAX, (__be32 *)options->after,
					 NG_TCP_OPTIONS_MAX, 0);
	return difference < 0 ||
	       bpf_skb_store_bytes(skb, transport + NG_TCP_HEADER, options->after, length, BPF_F_RECOMPUTE_CSUM) ||
	       bpf_l4_csum_replace(skb, transport + NG_TCP_CHECKSUM, 0, (__u64)difference, 0);
}

/* Takes the sum of the payload out of a checksum that is complete. Non-zero: failed. */
static __always_inline int take_out_payload(struct __sk_buff *skb, struct ng_tls *tls, __u32 transport)
{
	__u32 length = tls->bytes;
	__s64 sum = 0;

	if (length == 0 || length > NG_SUM_BLOCK * 4)
		return -1;
	for (int i = 0; i < NG_SUM_BLOCK * 4 / 8; i++)
		*(volatile __u64 *)&tls->segment[i * 8] = 0;
	length = ((length - 1) & (NG_SUM_BLOCK * 4 - 1)) + 1;
	if (bpf_skb_load_bytes(skb, tls->payload, tls->segment, length))
		return -1;
	for (int i = 0; i < 4; i++) {
		sum = bpf_csum_diff((__be32 *)&tls->segment[i * NG_SUM_BLOCK], NG_SUM_BLOCK, 0, 0, (__u32)sum);
		if (sum < 0)
			return -1;
	}
	return (int)bpf_l4_csum_replace(skb, transport + NG_TCP_CHECKSUM, 0, (__u64)sum, 0);
}

/* Cuts off what follows the TCP header. Global, for the same reason. Non-zero: failed. */
int cut_payload(struct __sk_buff *skb, const struct ng_packet *p)
{
	struct ng_tls *tls = tls_state();
	struct ng_checksum unused;

	if (!tls || !p)
		return -1;
	int v6 = p->is_v6;
	__u32 transport = p->transport;
	__u32 at = v6 ? NG_IP6_LENGTH : NG_IP4_LENGTH;
	__u16 be_before = bpf_htons((__u16)(p->end - transport));
	__u16 be_after = bpf_htons((__u16)(tls->payload - transport));
	__u16 be_length = bpf_htons((__u16)(tls->payload - (v6 ? ETH_HLEN + sizeof(struct ipv6hdr) : ETH_HLEN)));
	__u16 be_old;

	if (bpf_skb_load_bytes(skb, at, &be_old, sizeof(be_old)) ||
	    (!awaits_checksum(skb, &unused) && take_out_payload(skb, tls, transport)))
		return -1;
	return bpf_l4_csum_replace(skb, transport + NG_TCP_CHECKSUM, be_before, be_after, BPF_F_PSEUDO_HDR | 2) ||
	       (!v6 && bpf_l3_csum_replace(skb, NG_IP4_CHECKSUM, be_old, be_length, 2)) ||
	       bpf_skb_store_bytes(skb, at, &be_length, sizeof(be_length), 0) ||
	       bpf_skb_change_tail(skb, tls->payload, 0);
}

/* Returns NG_NEXT, or NG_DROP if the SYN cannot be changed. */
static __always_inline int make_plain(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_tls *tls)
{
	__u32 options = tls->payload - p->transport - NG_TCP_HEADER;

	if (options && overwrite_options(skb, p->transport, options))
		return NG_DROP;
	return tls->bytes && cut_payload(skb, p) ? NG_DROP : NG_NEXT;
}

#endif
