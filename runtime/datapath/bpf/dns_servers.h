/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Trusted DNS servers, and statistics on others that answer. A response of an untrusted server opens nothing. It is counted,
 * so that a pod whose lookups have no effect can be told from a pod that makes none.
 */
#ifndef NG_DNS_SERVERS_H
#define NG_DNS_SERVERS_H

#include "packet.h"

#define NG_DNS_PORT 53

static __always_inline int is_dns_port(__u16 be_port)
{
	__u32 zero = 0;
	struct ng_config *settings = bpf_map_lookup_elem(&config, &zero);

	if (!settings)
		return 0;
	for (int i = 0; i < NG_MAX_DNS_PORTS; i++) {
		if (!settings->be_dns_ports[i])
			return 0;
		if (settings->be_dns_ports[i] == be_port)
			return 1;
	}
	return 0;
}

/* Is the server trusted for all endpoints of the node, or for this one? */
static __always_inline int is_trusted(const struct ng_endpoint_config *config, const struct ng_addr *server,
				      __u16 be_port)
{
	struct ng_trusted_key key = {.prefix_len = 160, .be_port = be_port, .addr = *server};

	if (bpf_map_lookup_elem(&trusted, &key))
		return 1;
	if (be_port != bpf_htons(NG_DNS_PORT))
		return 0;
	for (int i = 0; i < NG_POD_SERVERS; i++)
		if (i < config->n_servers && addr_equal(&config->servers[i], server))
			return 1;
	return 0;
}

/* Bytes after the TCP header; negative: the header is incomplete. */
static __always_inline int segment_payload(struct __sk_buff *skb, const struct ng_packet *p)
{
	__u8 offset;

	if (bpf_skb_load_bytes(skb, p->transport + 12, &offset, 1))
		return -1;
	return (int)p->end - (int)(p->transport + (__u32)(offset >> 4) * 4);
}

/* Adds the server to the entry if it is free, or counts for it. Otherwise *done is 0 and the other server is returned. */
static __always_inline struct ng_untrusted *count_in_place(const struct ng_untrusted_key *key,
							   const struct ng_packet *p, __u32 now, int *done)
{
	struct ng_untrusted *entry = bpf_map_lookup_elem(&untrusted, key);

	*done = 1;
	if (!entry) {
		struct ng_untrusted first = {.server = p->key.remote, .responses = 1, .last = now};

		/* If another CPU creates the entry first, this response is not counted. */
		bpf_map_update_elem(&untrusted, key, &first, BPF_NOEXIST);
		return 0;
	}
	if (addr_equal(&entry->server, &p->key.remote)) {
		__sync_fetch_and_add(&entry->responses, 1);
		entry->last = now;
		return 0;
	}
	*done = 0;
	return entry;
}

/*
 * Counts a response from port 53 of an untrusted server. An entry is replaced as a whole, and only its count and time are
 * written in place, so that no entry names a server that did not answer. Global, so that it is verified once, on its own.
 */
int count_untrusted(struct __sk_buff *skb, const struct ng_packet *p, const struct ng_endpoint_config *config)
{
	struct ng_untrusted_key key = {};
	__u32 now = tick_of(boot_time());
	__u32 oldest_age = 0;
	__u32 oldest = 0;

	if (!p || !config || is_trusted(config, &p->key.remote, p->key.be_remote_port))
		return 0;
	key.endpoint = config->endpoint;
	if (p->key.protocol != IPPROTO_UDP && (p->key.protocol != IPPROTO_TCP || segment_payload(skb, p) <= 0))
		return 0;
	for (__u32 place = 0; place < NG_UNTRUSTED_PER_ENDPOINT; place++) {
		int done;

		key.place = place;
		struct ng_untrusted *other = count_in_place(&key, p, now, &done);
		if (done)
			return 0;
		if (other && tick_after(now, other->last + oldest_age)) {
			oldest_age = now - other->last;
			oldest = place;
		}
	}
	struct ng_untrusted first = {.server = p->key.remote, .responses = 1, .last = now};
	key.place = oldest;
	bpf_map_update_elem(&untrusted, &key, &first, BPF_ANY);
	return 0;
}

#endif
