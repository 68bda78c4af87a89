/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Finds the domain patterns of the endpoint's policy that match a name: one lookup for each suffix, from the right, with at
 * most as many labels as the longest pattern. A hash hit is confirmed by comparing bytes. Implements D5, D6 and D7: exact
 * names, *.suffix, and a.*.suffix with up to NG_MID_PREFIX_LABELS labels before the wildcard.
 */
#ifndef NG_DNS_MATCH_H
#define NG_DNS_MATCH_H

#include "dns_name.h"

enum ng_decision { NG_UNDECIDED = -1, NG_DECIDED = 0 };

/* Records that the pattern matches a name of the chain. NG_UNDECIDED: more patterns than one address can hold. */
static __always_inline int add_match(struct ng_dns *dns, __u64 id)
{
	__u32 count = dns->matches;

	for (__u32 i = 0; i < NG_MAX_MATCHES; i++) {
		if (i >= count)
			break;
		if (dns->match[i] == id)
			return NG_DECIDED;
	}
	if (count >= NG_MAX_MATCHES)
		return NG_UNDECIDED;
	dns->match[count & (NG_MAX_MATCHES - 1)] = id;
	dns->matches = count + 1;
	return NG_DECIDED;
}

static __always_inline struct ng_pattern_value *find_pattern(struct ng_dns *dns, __u64 id)
{
	dns->pattern.id = id;
	dns->pattern.policy = dns->policy;
	return bpf_map_lookup_elem(&patterns, &dns->pattern);
}

/* Hash of the name's first `labels` labels, as if they were a whole name. */
static __always_inline __u64 prefix_hash(struct ng_dns *dns, __u32 labels)
{
	__u64 hash = name_seed;

	for (__u32 i = NG_MID_PREFIX_LABELS; i > 0; i--) {
		if (i <= labels)
			hash = ng_hash_mix(hash, dns->label_hash[i - 1]);
	}
	return hash;
}

/* Matches patterns a.*.suffix for dns->suffix_hash, which begins at label `first`; `lengths`: the marker's mask. */
int match_middle(__u32 first, __u32 lengths)
{
	struct ng_dns *dns = dns_state();

	if (!dns || lengths & NG_MID_DEEP)
		return NG_UNDECIDED;
	for (__u32 labels = 1; labels <= NG_MID_PREFIX_LABELS; labels++) {
		/* The wildcard covers at least one label. */
		if (labels >= first || !(lengths & 1U << (labels - 1)))
			continue;
		__u64 hash = ng_hash_mix(dns->suffix_hash, prefix_hash(dns, labels)) & ~(__u64)NG_PATTERN_KINDS;
		if (find_pattern(dns, hash | NG_PATTERN_MID) &&
		    confirm_middle(dns, hash, dns->label_at[labels], dns->label_at[first & NG_LABEL_MASK]) &&
		    add_match(dns, dns->pattern.id))
			return NG_UNDECIDED;
	}
	return NG_DECIDED;
}

/* Matches the suffix that begins at label `first` and has this hash, which is also in dns->suffix_hash. */
static __always_inline int match_suffix(struct ng_dns *dns, __u64 hash, __u32 first)
{
	__u64 base = hash & ~(__u64)NG_PATTERN_KINDS;
	__u64 id = base | (first ? NG_PATTERN_WILD : NG_PATTERN_EXACT);

	if (!(dns->filter.words[NG_FILTER_WORD(hash)] >> NG_FILTER_BIT(hash) & 1))
		return NG_DECIDED;
	if (dns->steps == 0)
		return NG_UNDECIDED;
	dns->steps -= 1;
	if (find_pattern(dns, id) && confirm_suffix(dns, base, dns->label_at[first & NG_LABEL_MASK]) &&
	    add_match(dns, id))
		return NG_UNDECIDED;
	if (!dns->has_mid || !first)
		return NG_DECIDED;
	struct ng_pattern_value *marker = find_pattern(dns, base | NG_PATTERN_MID);
	return marker ? match_middle(first, marker->bitmap) : NG_DECIDED;
}

/* Adds the patterns that match the last name walked. */
int match_name(void)
{
	struct ng_dns *dns = dns_state();
	__u64 hash = name_seed;
	__u32 depth;

	if (!dns)
		return NG_UNDECIDED;
	dns->suffix_hash = hash;
	for (depth = 0; depth < NG_MAX_LABELS; depth++) {
		__u32 labels = dns->walk.labels;

		if (depth >= labels || depth >= dns->max_labels)
			break;
		__u32 first = (labels - 1 - depth) & NG_LABEL_MASK;
		hash = ng_hash_mix(hash, dns->label_hash[first]);
		dns->suffix_hash = hash;
		if (match_suffix(dns, hash, first))
			return NG_UNDECIDED;
	}
	dns->suffix_labels = depth;
	return NG_DECIDED;
}

#endif
