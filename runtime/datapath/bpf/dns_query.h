/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * DNS queries for allowed names only (dnsQueries, D19 to D22). A query reaches the network if its name matches a domain of the
 * endpoint's policy, is the end of a chain that the endpoint waits for, or is always allowed; if its record type may be asked
 * for; and, under a budget of new names, if the endpoint asked for the name lately or has some left. Other queries are
 * answered here. A message that is not a plain query is dropped, as is any packet to a DNS port of a server that is
 * not trusted. Only endpoints with one of the flags NG_ENDPOINT_DNS_* get here.
 */
#ifndef NG_DNS_QUERY_H
#define NG_DNS_QUERY_H

#include "dns_exchange.h"
#include "dns_turn.h"

#define NG_ENDPOINT_DNS (NG_ENDPOINT_DNS_LOG | NG_ENDPOINT_DNS_ALLOWED)
#define NG_DNS_PLAIN 0xfecf /* flags that a plain query does not have: all but RD, AD and CD */
#define NG_TYPE_OPT 41
#define NG_OPT_BYTES 11 /* without options */
#define NG_OPTION_COOKIE 10 /* RFC 7873 */
#define NG_OPTION_HEAD 4 /* code and length */
#define NG_COOKIE_MIN 8
#define NG_COOKIE_MAX 40
#define NG_NEW_NAMES_TICKS (NG_TICKS(NG_NEW_NAMES_SECONDS) - 1)
#define NG_NEW_NAMES_ATTEMPTS 4 /* while other CPUs change the number too */

static __always_inline struct ng_query_rules *query_rules_of_node(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&query_rules, &zero);
}

static __always_inline int may_ask_type(const struct ng_query_rules *rules, __u32 type)
{
	for (int i = 0; i < NG_QUERY_TYPES; i++)
		if (type && rules->types[i] == type)
			return 1;
	return 0;
}

/*
 * Is what follows the question, from `at`, nothing, or an OPT record without options? A cookie may be in it; other options
 * would carry data past us. -1: something else follows.
 */
static __always_inline int has_no_options(struct ng_dns *dns, __u32 at)
{
	__u32 additional = read16(dns, 10);

	if (!additional)
		return at == dns->length ? 1 : -1;
	__u32 options = read16(dns, at + 9);
	if (additional != 1 || at + NG_OPT_BYTES > dns->length || at + NG_OPT_BYTES + options != dns->length ||
	    dns->message[at & NG_MESSAGE_MASK] || read16(dns, at + 1) != NG_TYPE_OPT)
		return -1;
	if (!options)
		return 1;
	__u32 length = read16(dns, at + NG_OPT_BYTES + 2);
	return read16(dns, at + NG_OPT_BYTES) == NG_OPTION_COOKIE && length + NG_OPTION_HEAD == options &&
	       length >= NG_COOKIE_MIN && length <= NG_COOKIE_MAX;
}

/*
 * Does the last name walked match a domain of the policy, or the end of a chain that the endpoint waits for? What the program
 * cannot decide (D6) is allowed, because it is under an allowed suffix. Sets dns->target_hash.
 */
static __always_inline int is_of_policy(struct ng_dns *dns, const struct ng_endpoint_config *config)
{
	dns->policy = config->direction[NG_EGRESS].policy;
	dns->max_labels = config->direction[NG_EGRESS].max_labels;
	dns->has_mid = config->direction[NG_EGRESS].flags & NG_DIR_MID;
	dns->filter = config->filter;
	dns->matches = 0;
	/* name_is_awaited() continues from here. */
	dns->suffix_hash = name_seed;
	dns->suffix_labels = 0;
	if (name_is_awaited())
		return 1;
	if (!(config->direction[NG_EGRESS].flags & NG_DIR_DOMAINS))
		return 0;
	return match_name() || dns->matches;
}

/* Do the labels of the last name from label `first` equal an always allowed name? Their hash is in dns->suffix. */
int is_always_name(__u32 first)
{
	struct ng_dns *dns = dns_state();

	if (!dns)
		return 0;
	__u32 at = dns->label_at[first & NG_LABEL_MASK];
	__u32 length = dns->name.length - at;
	return equal_labels(dns, bpf_map_lookup_elem(&always_names, &dns->suffix), 0, at, length,
			    suffix_shape(length, 0));
}

/* Is the last name walked one that every endpoint may ask for, or below one? */
int is_always_allowed(__u32 max_labels)
{
	struct ng_dns *dns = dns_state();
	__u64 hash = name_seed;

	if (!dns)
		return 0;
	for (__u32 depth = 0; depth < NG_MAX_LABELS; depth++) {
		__u32 labels = dns->walk.labels;

		if (depth >= labels || depth >= max_labels)
			break;
		__u32 first = (labels - 1 - depth) & NG_LABEL_MASK;
		hash = ng_hash_mix(hash, dns->label_hash[first]);
		dns->suffix = hash & ~(__u64)NG_PATTERN_KINDS;
		if (is_always_name(first))
			return 1;
	}
	return 0;
}

/* Takes one of the minute's new names. 0: none is left. */
static __always_inline int take_new_name(__u32 slot, __u32 now, __u32 limit)
{
	__u64 *word = bpf_map_lookup_elem(&new_names, &slot);

	if (!word)
		return 0;
	for (int i = 0; i < NG_NEW_NAMES_ATTEMPTS; i++) {
		__u64 before = *(volatile __u64 *)word;
		__u64 taken = before + 1;

		if (!is_within(now, (__u32)(before >> 32), NG_NEW_NAMES_TICKS, NG_AHEAD_TICKS))
			taken = (__u64)now << 32 | 1;
		if ((__u32)taken > limit)
			return 0;
		if (__sync_val_compare_and_swap(word, before, taken) == before)
			return 1;
	}
	return 0;
}

/* Gives one back that two CPUs took for the same name. If the count changes meanwhile, it stays taken. */
static __always_inline void give_back_new_name(__u32 slot)
{
	__u64 *word = bpf_map_lookup_elem(&new_names, &slot);
	__u64 before = word ? *(volatile __u64 *)word : 0;

	if ((__u32)before)
		__sync_val_compare_and_swap(word, before, before - 1);
}

/*
 * May the endpoint ask for the name dns->target_hash? Yes if it asked lately, or has a new name left in this minute. Global, so
 * that it is verified once, on its own.
 */
int is_within_budget(__u32 slot, __u32 limit)
{
	struct ng_dns *dns = dns_state();

	if (!dns)
		return 0;
	__u64 name = ng_hash_mix(dns->target_hash, dns->endpoint) | 1;
	__u32 index = slot * NG_ASKED_SETS + ((__u32)(name >> 32) & (NG_ASKED_SETS - 1));
	struct ng_asked_set *set = bpf_map_lookup_elem(&asked_names, &index);
	if (!set)
		return 0;
	__u32 place = bpf_get_prandom_u32();
	for (__u32 i = 0; i < NG_ASKED_WAYS; i++) {
		if (set->name[i] == name)
			return 1;
		if (!set->name[i])
			place = i;
	}
	if (!take_new_name(slot, tick_of(dns->now), limit))
		return 0;
	/* The queries for A and AAAA leave together, and another CPU may have counted the same name at this moment. */
	__u64 *way = &set->name[place & (NG_ASKED_WAYS - 1)];
	__u64 before = *(volatile __u64 *)way;
	if (before == name || __sync_val_compare_and_swap(way, before, name) == name)
		give_back_new_name(slot);
	return 1;
}

/* What becomes of a query: a reason to refuse it, and the response code. */
#define NG_QUERY_PASSES ((__u32)NG_R_NONE)
#define NG_QUERY(reason, rcode) ((__u32)(rcode) << 16 | (reason))
#define NG_QUERY_REASON(verdict) ((verdict)&0xffff)
#define NG_QUERY_RCODE(verdict) ((verdict) >> 16)
#define NG_QUERY_DROPPED 0xff /* instead of a response code */
#define NG_QUERY_UNJUDGED NG_QUERY(NG_R_QUERY_FORM, NG_QUERY_DROPPED)

/* Judges the message in dns->message, of dns->length bytes, except for the budget: NG_QUERY_PASSES, or what to answer. */
__u32 judge_question(const struct ng_endpoint_config *config, __u32 slot)
{
	struct ng_dns *dns = dns_state();
	struct ng_query_rules *rules = query_rules_of_node();

	if (!dns || !rules || !config)
		return NG_QUERY_UNJUDGED;
	dns->slot = slot;
	dns->endpoint = config->endpoint;
	dns->steps = NG_DNS_STEP_BUDGET;
	if (dns->length < NG_MIN_MESSAGE || read16(dns, 2) & NG_DNS_PLAIN || read16(dns, 4) != 1 || read16(dns, 6) ||
	    read16(dns, 8))
		return NG_QUERY_UNJUDGED;
	int walked = walk_name(NG_DNS_HEADER);
	if (walked < 0)
		return NG_QUERY_UNJUDGED;
	__u32 end = (__u32)walked & NG_MESSAGE_MASK;
	if (end + 4 > dns->length)
		return NG_QUERY_UNJUDGED;
	int plain = has_no_options(dns, end + 4);
	if (plain < 0)
		return NG_QUERY_UNJUDGED;
	if (!plain)
		return NG_QUERY(NG_R_QUERY_FORM, NG_RCODE_FORMERR);
	if (read16(dns, end + 2) != NG_CLASS_IN ||
	    (!is_of_policy(dns, config) && !is_always_allowed(rules->max_labels)))
		return NG_QUERY(NG_R_QUERY_NAME, rules->refusal);
	if (!may_ask_type(rules, read16(dns, end)))
		return NG_QUERY(NG_R_QUERY_TYPE, 0);
	return NG_QUERY_PASSES;
}

/* Judges the message in dns->message. */
static __always_inline __u32 judge_message(const struct ng_endpoint_config *config, __u32 slot)
{
	struct ng_query_rules *rules = query_rules_of_node();
	__u32 verdict = judge_question(config, slot);

	if (verdict == NG_QUERY_PASSES && rules && rules->new_names && !is_within_budget(slot, rules->new_names))
		return NG_QUERY(NG_R_QUERY_NEW, NG_RCODE_NXDOMAIN);
	return verdict;
}

/* Counts the query, and reports it under the rate limit of denials. */
static __noinline int report_query(struct ng_dns *dns, __u32 slot, const struct ng_packet *p, __u32 reason)
{
	count(slot, reason);
	if (!may_report_denial(slot, tick_of(dns->now)))
		return 0;
	dns->learnt = 0;
	dns->waited = 0;
	return send_message(dns, p, NG_EVENT_QUERY, (__u16)reason);
}

/* Judges a datagram. An aggregated frame is several: only its first would be looked at. */
static __always_inline __u32 judge_datagram(struct __sk_buff *skb, struct ng_dns *dns, const struct ng_packet *p,
					    const struct ng_endpoint_config *config, __u32 slot)
{
	dns->length = 0;
	if (p->fragment != NG_WHOLE || skb->gso_size || load_message(skb, dns, p, NG_QUERY_MAX))
		return NG_QUERY_UNJUDGED;
	return dns->whole_length > NG_QUERY_MAX ? NG_QUERY_UNJUDGED : judge_message(config, slot);
}

#endif
