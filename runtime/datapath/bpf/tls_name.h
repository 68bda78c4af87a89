/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Compares a server name with the domains that opened the address for the endpoint. The name is converted to the form of DNS, in
 * lower case, in the buffer of the name that was walked last (dns_name.h), so the same comparison of labels serves both.
 */
#ifndef NG_TLS_NAME_H
#define NG_TLS_NAME_H

#include "dns_name.h"
#include "tls_state.h"

/* The high bit of each byte from `low` to `high`. No byte of the word has it. */
static __always_inline __u64 bytes_from(__u64 word, __u8 low, __u8 high)
{
	return (word + (0x80 - low) * NG_HASH_ONES) & ~(word + (0x7f - high) * NG_HASH_ONES) & NG_HASH_HIGH;
}

/* Ends the label that began at tls->label_at, before offset `next` of the converted name. Non-zero: it is empty or too long. */
static __always_inline int end_label(struct ng_tls *tls, struct ng_dns *dns, __u32 next)
{
	__u32 start = tls->label_at;
	__u32 length = next - start - 1;

	if (length == 0 || length > 63)
		return 1;
	dns->name.bytes[start & NG_NAME_MASK] = (__u8)length;
	tls->starts[start >> 6 & 3] |= 1ULL << (start & 63);
	tls->label_at = next;
	return 0;
}

/*
 * Converts eight bytes of the server name, from tls->at, or those that are left. They go one place further on, and the place of a dot is
 * that of the next label's length. Global, so that the loop around it has one state.
 */
int convert_word(void)
{
	struct ng_tls *tls = tls_state();
	struct ng_dns *dns = dns_state();

	if (!tls || !dns)
		return 1;
	__u32 i = tls->at;
	__u32 left = tls->name_length - i;
	__u64 word = *(__u64 *)&tls->flat[(tls->name_at + i) & NG_HELLO_MASK];
	__u64 inside = ~0ULL;
	if (left < 8) {
		inside = (1ULL << (left * 8)) - 1;
		word &= inside;
	}
	if (word & NG_HASH_HIGH)
		return 1;
	word = ng_lower8(word);
	__u64 dots = bytes_from(word, '.', '.');
	__u64 good = dots | bytes_from(word, 'a', 'z') | bytes_from(word, '0', '9') | bytes_from(word, '-', '-') |
		     bytes_from(word, '_', '_');
	if (((good | ~inside) & NG_HASH_HIGH) != NG_HASH_HIGH)
		return 1;
	*(__u64 *)&dns->name.bytes[(i + 1) & NG_NAME_MASK] = word;
	tls->at = i + 8;
	for (__u32 k = 0; dots && k < 8; k++)
		if (dots >> (k * 8 + 7) & 1 && end_label(tls, dns, i + k + 1))
			return 1;
	return 0;
}

/* Converts the server name to dns->name. Returns non-zero if it is not a host name: an empty label or another character. */
int convert_name(void)
{
	struct ng_tls *tls = tls_state();
	struct ng_dns *dns = dns_state();

	if (!tls || !dns)
		return 1;
	volatile __u32 *at = &tls->at;
	*at = 0;
	tls->label_at = 0;
	for (int i = 0; i < 4; i++)
		tls->starts[i] = 0;
	for (int i = 0; i <= NG_HELLO_NAME_MAX / 8; i++) {
		if (*at >= tls->name_length)
			break;
		if (convert_word())
			return 1;
	}
	dns->name.length = tls->name_length + 1;
	return end_label(tls, dns, tls->name_length + 1);
}

static __always_inline int starts_label(const struct ng_tls *tls, __u32 at)
{
	return tls->starts[at >> 6 & 3] >> (at & 63) & 1;
}

/* Does the converted name match the pattern? Global, for the same reason. */
int matches_pattern(__u64 id)
{
	struct ng_tls *tls = tls_state();
	struct ng_dns *dns = dns_state();

	if (!tls || !dns)
		return 0;
	dns->suffix = id & ~(__u64)NG_PATTERN_KINDS;
	struct ng_suffix *pattern = bpf_map_lookup_elem(&suffixes, &dns->suffix);
	if (!pattern)
		return 0;
	__u32 length = dns->name.length;
	__u32 prefix = pattern->prefix_len;
	__u32 labels = pattern->len;
	if (labels > length || prefix > labels)
		return 0;
	__u32 shape = suffix_shape(labels, prefix);
	__u32 kind = id & NG_PATTERN_KINDS;
	if (kind == NG_PATTERN_EXACT)
		return labels == length && same_labels(0, 0, length, shape);
	/* The wildcard covers at least one label. */
	__u32 at = length - (labels - prefix);
	if (at <= prefix || at >= length || !starts_label(tls, at) || !starts_label(tls, prefix))
		return 0;
	if (kind == NG_PATTERN_WILD)
		return prefix == 0 && same_labels(0, at, length - at, shape);
	return same_labels(0, 0, prefix, shape) && same_labels(prefix, at, length - at, shape);
}

/*
 * Fills the patterns that opened the address, or admitted the flow, and match the converted name, for the verdict. `flow_pattern`: as in
 * ng_judgement.
 */
int find_shown(__u32 slot, const struct ng_flow_key *key, __u64 flow_pattern)
{
	struct ng_judgement *j = judgement();

	if (!j || !key)
		return 0;
	struct ng_addr remote = key->remote;
	void *inner = bpf_map_lookup_elem(&learnt, &slot);
	struct ng_learnt *entry = inner ? bpf_map_lookup_elem(inner, &remote) : 0;
	__u32 count = 0;

	if (flow_pattern && matches_pattern(flow_pattern))
		j->shown_id[count++ & (NG_LEARNT_PATTERNS - 1)] = flow_pattern;
	for (__u32 i = 0; i < NG_LEARNT_PATTERNS; i++) {
		if (!entry || i >= entry->count)
			break;
		__u64 id = entry->pattern[i];

		if (id != flow_pattern && count < NG_LEARNT_PATTERNS && matches_pattern(id))
			j->shown_id[count++ & (NG_LEARNT_PATTERNS - 1)] = id;
	}
	j->shown = 1;
	j->n_shown = count;
	return 0;
}

#endif
