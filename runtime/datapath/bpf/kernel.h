/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The fields that the programs read from the kernel's own sk_buff, to which their context refers. The loader relocates them
 * to their offsets in the running kernel (CO-RE).
 */
#ifndef NG_KERNEL_H
#define NG_KERNEL_H

#include <bpf/bpf_core_read.h>

#include "common.h"

struct net {
} __attribute__((preserve_access_index));
struct net_device {
	struct {
		struct net *net;
	} nd_net;
} __attribute__((preserve_access_index));
struct sock_common {
	struct {
		struct net *net;
	} skc_net;
} __attribute__((preserve_access_index));
struct sock {
	struct sock_common __sk_common;
} __attribute__((preserve_access_index));
struct sk_buff {
	struct net_device *dev;
	struct sock *sk;
	__u8 ip_summed : 2;
	__u16 csum_start; /* from the start of the buffer, as mac_header */
	__u16 csum_offset;
	__u16 mac_header;
} __attribute__((preserve_access_index));

/* Is the packet's socket in the namespace of the interface? */
static __always_inline int has_socket_here(const struct __sk_buff *skb)
{
	const struct sk_buff *kernel = (const void *)skb;
	const struct net *of_socket = BPF_CORE_READ(kernel, sk, __sk_common.skc_net.net);

	return of_socket && of_socket == BPF_CORE_READ(kernel, dev, nd_net.net);
}

#endif
