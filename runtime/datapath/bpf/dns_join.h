/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Chains over two responses (D8). If a response ends in a CNAME and has no record of its target, the target's name is
 * recorded for the endpoint. A response whose chain reaches such a name also belongs to the names before it, and is left to
 * the daemon, which knows them. Entries are written in place: a torn one sends a response through the daemon, or lets the
 * daemon open its addresses slightly late.
 */
#ifndef NG_DNS_JOIN_H
#define NG_DNS_JOIN_H

#include "dns_match.h"

/* Hash of all labels of the last name walked, which match_name() began; never 0. */
static __always_inline __u64 whole_name_hash(struct ng_dns *dns)
{
	__u64 hash = dns->suffix_hash;

	for (__u32 i = dns->suffix_labels; i < NG_MAX_LABELS; i++) {
		__u32 labels = dns->walk.labels;

		if (i >= labels)
			break;
		hash = ng_hash_mix(hash, dns->label_hash[(labels - 1 - i) & NG_LABEL_MASK]);
	}
	return hash | 1;
}

static __always_inline struct ng_join_set *join_set(__u32 slot, __u64 name)
{
	__u32 index = slot * NG_JOIN_SETS + ((__u32)(name >> 32) & (NG_JOIN_SETS - 1));

	return bpf_map_lookup_elem(&joins, &index);
}

/* NG_UNDECIDED if an earlier chain of this endpoint ended at the target, which is the last name walked. */
int name_is_awaited(void)
{
	struct ng_dns *dns = dns_state();

	if (!dns)
		return NG_UNDECIDED;
	__u64 name = whole_name_hash(dns);
	dns->target_hash = name;
	struct ng_join_set *set = join_set(dns->slot, name);
	if (!set)
		return NG_UNDECIDED;
	for (int i = 0; i < NG_JOIN_WAYS; i++) {
		const struct ng_join *join = &set->way[i];

		if (join->name == name && join->endpoint == dns->endpoint && tick_after(join->until, tick_of(dns->now)))
			return NG_UNDECIDED;
	}
	return NG_DECIDED;
}

/* Records that the chain ends at the target: in the target's own entry, else a free one, else the first to expire. */
int await_name(__u32 until)
{
	struct ng_dns *dns = dns_state();

	if (!dns)
		return 0;
	__u64 name = dns->target_hash;
	struct ng_join_set *set = join_set(dns->slot, name);
	if (!set)
		return 0;
	__u32 now = tick_of(dns->now);
	__u32 least = ~0U;
	__u32 place = 0;
	for (__u32 i = 0; i < NG_JOIN_WAYS; i++) {
		const struct ng_join *join = &set->way[i];
		__u32 left = join->endpoint == dns->endpoint && tick_after(join->until, now) ? join->until - now : 0;

		if (join->name == name && left) {
			place = i;
			break;
		}
		if (left < least) {
			least = left;
			place = i;
		}
	}
	struct ng_join *join = &set->way[place & (NG_JOIN_WAYS - 1)];
	join->name = 0;
	join->endpoint = dns->endpoint;
	join->until = until;
	join->name = name;
	return 0;
}

#endif
