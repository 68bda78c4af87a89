/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Learns addresses from a response to a pending query before the pod receives it. Uses the answer section only, and of it
 * only A and AAAA records whose owner is the name that an unbroken chain of CNAMEs has reached from the query name (D8).
 * Returns NG_UNDECIDED for everything else: records out of order or outside the chain, a limit exceeded, names that do
 * not parse.
 */
#ifndef NG_DNS_ANSWER_H
#define NG_DNS_ANSWER_H

#include "dns_join.h"
#include "dns_match.h"

#define NG_TYPE_CNAME 5
#define NG_CLASS_IN 1
#define NG_DNS_RESPONSE 0x80
#define NG_DNS_OPCODE 0x78
#define NG_DNS_RCODE 0x0f
#define NG_LEARN_ATTEMPTS 3
/*
 * Ticks, about half a second, that are added to each expiry written, so that the same response seen again within that time
 * has nothing to extend.
 */
#define NG_EXPIRY_SLACK 4

/* The tick at which an address from a record with this TTL expires (D13). */
static __always_inline __u32 expiry_tick(__u64 now, __u32 ttl)
{
	__u32 zero = 0;
	struct ng_config *settings = bpf_map_lookup_elem(&config, &zero);
	__u64 seconds = ttl & 0x80000000U ? 0 : ttl; /* RFC 2181 section 8 */

	if (settings) {
		seconds += settings->extra_ttl;
		if (seconds < settings->min_ttl)
			seconds = settings->min_ttl;
		if (seconds > settings->max_ttl)
			seconds = settings->max_ttl;
	}
	return tick_of(now + seconds * NG_NS_PER_SECOND);
}

/* Adds one pattern to dns->entry. 1: changed; 0: already there; -1: no room. */
static __always_inline int merge_pattern(struct ng_dns *dns, __u64 id, __u32 expiry)
{
	__u32 now = tick_of(dns->now);
	__u32 count = dns->entry.count;
	__u32 place = NG_LEARNT_PATTERNS;

	for (__u32 i = 0; i < NG_LEARNT_PATTERNS; i++) {
		if (i >= count)
			break;
		if (dns->entry.pattern[i] == id) {
			if (!tick_after(expiry, dns->entry.expiry[i]))
				return 0;
			place = i;
			break;
		}
		if (!tick_after(dns->entry.expiry[i], now))
			place = i;
	}
	if (place >= NG_LEARNT_PATTERNS) {
		if (count >= NG_LEARNT_PATTERNS)
			return -1;
		place = count;
		dns->entry.count = (__u8)(count + 1);
	}
	dns->entry.pattern[place & (NG_LEARNT_PATTERNS - 1)] = id;
	dns->entry.expiry[place & (NG_LEARNT_PATTERNS - 1)] = expiry + NG_EXPIRY_SLACK;
	return 1;
}

/* Adds all matching patterns to dns->entry. Returns 1 if that changed it. */
int merge_patterns(__u32 expiry)
{
	struct ng_dns *dns = dns_state();
	int changed = 0;

	if (!dns)
		return 0;
	for (__u32 i = 0; i < NG_MAX_MATCHES; i++) {
		if (i >= dns->matches)
			break;
		int merged = merge_pattern(dns, dns->match[i], expiry);

		if (merged < 0)
			dns->full += 1;
		else
			changed |= merged;
	}
	return changed;
}

/* Does the entry hold every matching pattern at least until `expiry`? Then there is nothing to write. */
static __always_inline int holds_matches(const struct ng_dns *dns, const struct ng_learnt *entry, __u32 expiry)
{
	__u32 held = 0;

	for (__u32 i = 0; i < NG_LEARNT_PATTERNS; i++) {
		if (i >= entry->count)
			break;
		if (tick_after(expiry, entry->expiry[i]))
			continue;
		for (__u32 m = 0; m < NG_MAX_MATCHES; m++) {
			if (m >= dns->matches)
				break;
			if (dns->match[m] == entry->pattern[i])
				held += 1;
		}
	}
	return held == dns->matches;
}

/* Is dns->address, from a record of that type, an address that no name opens (D17)? */
static __always_inline int is_never_opened(struct ng_dns *dns, __u32 type)
{
	dns->never.prefix_len = 160;
	dns->never.type = type;
	dns->never.addr = dns->address;
	if (bpf_map_lookup_elem(&never_opens, &dns->never))
		return 1;
	if (type == NG_TYPE_A || !addr_is_v4(&dns->address))
		return 0;
	dns->never.type = NG_TYPE_A;
	return bpf_map_lookup_elem(&never_opens, &dns->never) != 0;
}

/*
 * Opens dns->address, from a record of that type, for the matching patterns, unless no name opens it. The entry is copied,
 * merged and replaced as a whole. Another CPU may do the same at the same time, so the entry is read again until there
 * is nothing to merge.
 */
int learn_address(__u32 expiry, __u32 type)
{
	struct ng_dns *dns = dns_state();
	void *inner = dns ? bpf_map_lookup_elem(&learnt, &dns->slot) : 0;

	if (!inner)
		return NG_UNDECIDED;
	if (is_never_opened(dns, type)) {
		dns->refused += 1;
		return NG_DECIDED;
	}
	__u32 full = dns->full;
	dns->learnt += 1;
	for (int attempt = 0; attempt < NG_LEARN_ATTEMPTS; attempt++) {
		struct ng_learnt *old = bpf_map_lookup_elem(inner, &dns->address);

		if (old)
			__builtin_memcpy(&dns->entry, old, sizeof(dns->entry));
		else
			__builtin_memset(&dns->entry, 0, sizeof(dns->entry));
		if (!merge_patterns(expiry))
			return NG_DECIDED;
		/* The map may have reused the element for another address while it was copied. */
		if (old && bpf_map_lookup_elem(inner, &dns->address) != old)
			continue;
		dns->entry.server = dns->server;
		dns->entry.be_server_port = dns->be_server_port;
		dns->entry.updated = tick_of(dns->now);
		if (bpf_map_update_elem(inner, &dns->address, &dns->entry, BPF_ANY)) {
			dns->full = full + 1;
			dns->learnt -= 1;
			return NG_DECIDED;
		}
		dns->full = full;
	}
	return NG_DECIDED;
}

/* Copies `length` bytes, rounded up to whole words. */
static __always_inline void copy_words(__u8 *to, const __u8 *from, __u32 length)
{
	for (__u32 i = 0; i < NG_NAME_MAX / 8; i++) {
		if (i * 8 >= length)
			break;
		*(__u64 *)&to[i * 8] = *(const __u64 *)&from[i * 8];
	}
}

/* The chain continues at the last name walked, which is at `at` in the message. */
static __always_inline int set_target(struct ng_dns *dns, __u32 at)
{
	__u32 first;

	copy_words(dns->target.bytes, dns->name.bytes, dns->name.length);
	dns->target.length = dns->name.length;
	first = dns->message[at & NG_MESSAGE_MASK];
	dns->target_at = first >= NG_POINTER ? read16(dns, at) & 0x3fff : at;
	if (match_name())
		return NG_UNDECIDED;
	return name_is_awaited();
}

static __always_inline int is_target(struct ng_dns *dns)
{
	__u32 length = dns->name.length;

	if (length != dns->target.length)
		return 0;
	for (__u32 i = 0; i < NG_NAME_MAX / 8; i++) {
		__u64 ours = *(__u64 *)&dns->name.bytes[i * 8];
		__u64 theirs = *(__u64 *)&dns->target.bytes[i * 8];

		if (length < 8)
			return length == 0 || ((ours ^ theirs) & ((1ULL << (length * 8)) - 1)) == 0;
		if (ours != theirs)
			return 0;
		length -= 8;
	}
	return length == 0;
}

/* Reads the owner name at `at`. Returns the offset after it, or -1. *matches: it is the target. */
static __always_inline int read_owner(struct ng_dns *dns, __u32 at, int *matches)
{
	int end;

	if (dns->message[at & NG_MESSAGE_MASK] >= NG_POINTER && (read16(dns, at) & 0x3fff) == dns->target_at) {
		*matches = 1;
		return (int)at + 2;
	}
	end = walk_name(at);
	*matches = end > 0 && is_target(dns);
	return end;
}

/* An A or AAAA record of the target. */
static __always_inline int parse_address(struct ng_dns *dns, __u32 type, __u32 at, __u32 length, __u32 ttl)
{
	__u8 *data = &dns->message[at & NG_MESSAGE_MASK];
	void *inner = bpf_map_lookup_elem(&learnt, &dns->slot);
	struct ng_learnt *old;

	if (!inner || length != (type == NG_TYPE_A ? 4 : 16))
		return NG_UNDECIDED;
	if (type == NG_TYPE_A) {
		dns->address.w[0] = 0;
		dns->address.w[1] = 0;
		dns->address.w[2] = bpf_htonl(0xffff);
		dns->address.w[3] = *(__u32 *)data;
	} else {
		__builtin_memcpy(&dns->address, data, 16);
	}
	if (!dns->expiry || ttl != dns->ttl) {
		dns->ttl = ttl;
		dns->expiry = expiry_tick(dns->now, ttl);
	}
	old = bpf_map_lookup_elem(inner, &dns->address);
	if (!old || !holds_matches(dns, old, dns->expiry))
		return learn_address(dns->expiry, type);
	dns->learnt += 1;
	return NG_DECIDED;
}

/* Parses the record at `at`. Returns the offset after it; -1: undecided. */
int parse_record(__u32 at)
{
	struct ng_dns *dns = dns_state();
	int matches = 0;

	if (!dns)
		return NG_UNDECIDED;
	int end = read_owner(dns, at & NG_MESSAGE_MASK, &matches);
	if (end < 0)
		return NG_UNDECIDED;
	__u32 fixed = (__u32)end & NG_MESSAGE_MASK;
	__u64 head = read64(dns, fixed); /* type, class, TTL */
	__u32 type = head >> 48;
	__u32 ttl = (__u32)head;
	__u32 length = read16(dns, fixed + 8);
	__u32 data = fixed + 10;
	if (data + length > dns->length)
		return NG_UNDECIDED;
	if (type != NG_TYPE_CNAME && matches)
		dns->complete = 1;
	if (type != NG_TYPE_A && type != NG_TYPE_AAAA && type != NG_TYPE_CNAME)
		return (int)(data + length);
	if (!matches || (head >> 32 & 0xffff) != NG_CLASS_IN)
		return NG_UNDECIDED;
	if (type == NG_TYPE_CNAME) {
		int behind = walk_name(data);

		dns->chain += 1;
		dns->complete = 0;
		dns->chain_ttl = ttl;
		if (dns->chain >= NG_DNS_MAX_CHAIN || behind < 0 || (__u32)behind != data + length ||
		    set_target(dns, data))
			return NG_UNDECIDED;
	} else if (dns->matches && parse_address(dns, type, data, length, ttl)) {
		return NG_UNDECIDED;
	}
	return (int)(data + length);
}

/* Parses the answer section, which begins at `at`. */
static __always_inline int parse_records(__u32 at, __u32 records)
{
	if (records > NG_DNS_MAX_ANSWERS)
		return NG_UNDECIDED;
	for (__u32 i = 0; i < NG_DNS_MAX_ANSWERS; i++) {
		if (i >= records)
			break;
		int next = parse_record(at);

		if (next < 0)
			return NG_UNDECIDED;
		at = (__u32)next;
	}
	return NG_DECIDED;
}

/* Learns from the response in dns->message. Its question section equals that of a pending query. */
int parse_response(void)
{
	struct ng_dns *dns = dns_state();

	if (!dns)
		return NG_UNDECIDED;
	if (dns->message[2] & NG_DNS_OPCODE)
		return NG_UNDECIDED;
	if (dns->message[3] & NG_DNS_RCODE)
		return NG_DECIDED; /* NXDOMAIN or a failure: no address to learn */
	int end = walk_name(NG_DNS_HEADER);
	if (end < 0 || (__u32)end + 4 > dns->length)
		return NG_UNDECIDED;
	if (read16(dns, (__u32)end + 2) != NG_CLASS_IN)
		return NG_DECIDED;
	if (set_target(dns, NG_DNS_HEADER))
		return NG_UNDECIDED;
	if (parse_records((__u32)end + 4, read16(dns, 6)))
		return NG_UNDECIDED;
	if (!dns->chain || !dns->matches || dns->complete)
		return NG_DECIDED;
	await_name(expiry_tick(dns->now, dns->chain_ttl));
	/* Without an authority section that explains the empty end, an earlier response to the pod may continue the chain. */
	return read16(dns, 8) ? NG_DECIDED : NG_UNDECIDED;
}

#endif
