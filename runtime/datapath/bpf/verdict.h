/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The verdict for a new flow. Rules match its remote address (by prefixes, or by names that opened it), and its protocol and
 * ports; the lowest rule that matches both decides. The cost does not depend on the number of rules or addresses. Pass jumps
 * to the next tier, Log is reported and skipped. evaluate() of the runtime must agree with this file
 * (runtime/policy/compiler/compiled_policy.h).
 */
#ifndef NG_VERDICT_H
#define NG_VERDICT_H

#include "common.h"

/* The state of one verdict. In a per-CPU map, because it is too large for the stack of its callers. */
struct ng_judgement {
	__u64 set[NG_BITMAP_WORDS]; /* rules that match the packet */
	/* input */
	struct ng_direction rules;
	struct ng_flow_key key;
	__u64 flow_pattern; /* pattern that admitted a flow that is judged again; still opens its address (E8); else 0 */
	__u32 slot;
	__u32 endpoint;
	__u32 tick;
	__u8 destination_port[2]; /* network order; ICMP: type and code */
	__u8 source_port[2];
	__u8 direction;
	__u8 pad[3];
	__u32 icmp; /* as in ng_flow */
	struct ng_flow_totals totals; /* of the flow */
	__u32 shown; /* 1: the TLS name is known: only the domains in `shown_id` match for rules that bind connections to names */
	__u32 n_shown;
	__u32 quiet; /* 1: the same flow was judged before: rules neither count nor log it */
	__u32 pad3;
	__u64 shown_id[NG_LEARNT_PATTERNS];
	/* while judging */
	__u32 learnt[NG_LEARNT_PATTERNS]; /* bitmaps of the patterns that opened the address; 0: none */
	__u64 learnt_id[NG_LEARNT_PATTERNS];
	struct ng_cidr_value nets;
	__u32 named; /* number of patterns that opened the address */
	__u32 from; /* number of the rule to continue at */
	__u32 others; /* bit i: pattern i of `learnt` does not match the name that was shown */
	__u32 bound; /* a result: NG_RULE_VERIFY or NG_RULE_REQUIRE: the rule binds the packet to a TLS name; 0: it does not */
	/* result */
	__u64 pattern; /* that opened the address; 0: a prefix matched */
	__u16 rule;
	__u16 pad2[3];
};

NG_SCRATCH_MAP(judge_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct ng_judgement, 1)

static __always_inline struct ng_judgement *judgement(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&judge_scratch, &zero);
}

static __always_inline struct ng_bitmap *bitmap_at(__u32 index)
{
	return bpf_map_lookup_elem(&bitmaps, &index);
}

static const __u8 ng_bit_index[64] = {
	0,  1,	2,  53, 3,  7,	54, 27, 4,  38, 41, 8,	34, 55, 48, 28, 62, 5,	39, 46, 44, 42,
	22, 9,	24, 35, 59, 56, 49, 18, 29, 11, 63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21,
	23, 58, 17, 10, 51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
};

/* Number of the lowest set bit, with a de Bruijn sequence: BPF has no instruction for it. */
static __always_inline __u32 lowest_bit(__u64 word)
{
	return ng_bit_index[((word & -word) * 0x022fdd63cc95386dULL) >> 58 & 63];
}

static __always_inline struct ng_cidr_value match_prefix(const struct ng_direction *rules, const struct ng_addr *remote)
{
	int v4 = addr_is_v4(remote);
	struct ng_cidr_value *value = 0;
	struct ng_cidr_value none = {.match = v4 ? rules->any4 : rules->any6};

	if (v4 && rules->flags & NG_DIR_CIDR4) {
		struct ng_cidr4_key key = {.prefix_len = 64, .policy = rules->policy, .be_addr = remote->w[3]};

		value = bpf_map_lookup_elem(&cidr4, &key);
	} else if (!v4 && rules->flags & NG_DIR_CIDR6) {
		struct ng_cidr6_key key = {.prefix_len = 160, .policy = rules->policy, .addr = *remote};

		value = bpf_map_lookup_elem(&cidr6, &key);
	}
	return value ? *value : none;
}

static __always_inline __u32 match_port(const struct ng_direction *rules, __u8 protocol, __u8 side, const __u8 *port)
{
	struct ng_port_key key = {.prefix_len = 64,
				  .policy = rules->policy,
				  .side = side,
				  .protocol = protocol,
				  .port = {port[0], port[1]}};
	__u32 *value = bpf_map_lookup_elem(&ports, &key);

	return value ? *value : rules->no_port;
}

/*
 * Is the pattern one of those that match the TLS name? Asked only of a connection that showed one. Global, like
 * add_unbound(), so that it is verified once, on its own.
 */
__noinline int is_shown(const struct ng_judgement *j, __u64 id)
{
	if (!j)
		return 0;
	for (__u32 i = 0; i < NG_LEARNT_PATTERNS; i++)
		if (i < j->n_shown && j->shown_id[i] == id)
			return 1;
	return 0;
}

/* Adds a pattern that opened the address. */
static __always_inline int open_by_pattern(struct ng_judgement *j, __u64 id)
{
	if (!j || j->named >= NG_LEARNT_PATTERNS)
		return 0;
	struct ng_pattern_key key = {.id = id, .policy = j->rules.policy};
	struct ng_pattern_value *value = bpf_map_lookup_elem(&patterns, &key);

	if (!value)
		return 0;
	j->learnt[j->named & (NG_LEARNT_PATTERNS - 1)] = value->bitmap;
	j->learnt_id[j->named & (NG_LEARNT_PATTERNS - 1)] = id;
	if (j->shown && !is_shown(j, id))
		j->others |= 1u << (j->named & (NG_LEARNT_PATTERNS - 1));
	j->named += 1;
	return 0;
}

/* ORs a bitmap into the set. */
static __always_inline int add_bitmap(struct ng_judgement *j, __u32 index)
{
	struct ng_bitmap *bitmap = bitmap_at(index);

	if (!j || !bitmap)
		return 0;
	for (__u32 w = 0; w < NG_BITMAP_WORDS; w++) {
		if (w >= j->rules.words)
			break;
		j->set[w] |= bitmap->words[w];
	}
	return 0;
}

/* ORs a bitmap into the set, without the rules that bind connections to TLS names. */
__noinline int add_unbound(struct ng_judgement *j, __u32 index)
{
	if (!j)
		return 0;
	struct ng_bitmap *bitmap = bitmap_at(index);
	struct ng_bitmap *bound = bitmap_at(j->rules.bound);

	if (!bitmap || !bound)
		return 0;
	for (__u32 w = 0; w < NG_BITMAP_WORDS; w++) {
		if (w >= j->rules.words)
			break;
		j->set[w] |= bitmap->words[w] & ~bound->words[w];
	}
	return 0;
}

/* Removes the rules of a bitmap from the set. */
static __always_inline int remove_bitmap(struct ng_judgement *j, __u32 index)
{
	struct ng_bitmap *bitmap = bitmap_at(index);

	if (!j || !bitmap)
		return 0;
	for (__u32 w = 0; w < NG_BITMAP_WORDS; w++) {
		if (w >= j->rules.words)
			break;
		j->set[w] &= ~bitmap->words[w];
	}
	return 0;
}

/* Adds the rules that match the remote address by a name. */
static __always_inline int judge_names(struct ng_judgement *j)
{
	if (!j)
		return 0;
	/* Copies: before kernel 6.2 a key must be on the stack or in a map. */
	__u32 slot = j->slot;
	struct ng_addr remote = j->key.remote;
	void *inner = bpf_map_lookup_elem(&learnt, &slot);
	struct ng_learnt *entry = inner ? bpf_map_lookup_elem(inner, &remote) : 0;

	if (j->flow_pattern)
		open_by_pattern(j, j->flow_pattern);
	for (__u32 i = 0; i < NG_LEARNT_PATTERNS; i++) {
		if (!entry || i >= entry->count)
			break;
		if (tick_after(entry->expiry[i], j->tick))
			open_by_pattern(j, entry->pattern[i]);
	}
	for (__u32 i = 0; i < NG_LEARNT_PATTERNS; i++) {
		if (i >= j->named)
			break;
		if (j->others >> i & 1)
			add_unbound(j, j->learnt[i]);
		else
			add_bitmap(j, j->learnt[i]);
	}
	return 0;
}

/* Number of the first rule in the set from `from` on; NG_NO_RULE: there is none. */
static __always_inline int next_rule(struct ng_judgement *j, __u32 from)
{
	if (!j)
		return NG_NO_RULE;
	__u64 mask = ~0ULL << (from & 63);

	for (__u32 w = from >> 6; w < NG_BITMAP_WORDS; w++) {
		if (w >= j->rules.words)
			break;
		__u64 word = j->set[w & (NG_BITMAP_WORDS - 1)] & mask;

		if (word)
			return (int)(w * 64 + lowest_bit(word));
		mask = ~0ULL;
	}
	return NG_NO_RULE;
}

/*
 * Computes the set: (prefixes OR names) AND ports with protocol. Names whose rules have notNets with the address do not count. The names
 * come first, because they have the longest code, which the verifier follows again for each state in which it is reached.
 */
static __always_inline int judge_match(struct ng_judgement *j)
{
	if (!j)
		return 0;
	const struct ng_direction *rules = &j->rules;
	__u32 words = rules->words;

	for (__u32 w = 0; w < NG_BITMAP_WORDS; w++) {
		if (w >= words)
			break;
		/* volatile, or clang would call memset, which BPF does not have */
		*(volatile __u64 *)&j->set[w] = 0;
	}
	j->named = 0;
	j->others = 0;
	if (rules->flags & NG_DIR_DOMAINS)
		judge_names(j);
	j->nets = match_prefix(rules, &j->key.remote);
	if (j->named && j->nets.exclude)
		remove_bitmap(j, j->nets.exclude);
	struct ng_bitmap *nets = bitmap_at(j->nets.match);
	struct ng_bitmap *port =
		bitmap_at(match_port(rules, j->key.protocol, NG_PORT_DESTINATION, j->destination_port));
	if (!nets || !port) {
		j->rules.words = 0; /* nothing matches: the verdict is deny */
		return 0;
	}
	for (__u32 w = 0; w < NG_BITMAP_WORDS; w++) {
		if (w >= words)
			break;
		j->set[w] = (j->set[w] | nets->words[w]) & port->words[w];
	}
	if (rules->flags & NG_DIR_SPORT) {
		port = bitmap_at(match_port(rules, j->key.protocol, NG_PORT_SOURCE, j->source_port));
		if (!port) {
			j->rules.words = 0;
			return 0;
		}
		for (__u32 w = 0; w < NG_BITMAP_WORDS; w++) {
			if (w >= words)
				break;
			j->set[w] &= port->words[w];
		}
	}
	return 0;
}

/*
 * The pattern by which the rule matches the packet; 0: its prefixes match. `others`: patterns that do not count, because the rule
 * binds connections to TLS names and they do not match the name that was shown.
 */
static __always_inline __u64 opening_pattern(struct ng_judgement *j, __u32 others)
{
	if (!j || !j->named)
		return 0;
	__u32 word = j->rule >> 6 & (NG_BITMAP_WORDS - 1);
	__u64 bit = 1ULL << (j->rule & 63);
	struct ng_bitmap *nets = bitmap_at(j->nets.match);

	if (nets && nets->words[word] & bit)
		return 0;
	for (__u32 i = 0; i < NG_LEARNT_PATTERNS; i++) {
		struct ng_bitmap *bitmap;

		if (i >= j->named)
			break;
		bitmap = bitmap_at(j->learnt[i]);
		if (bitmap && bitmap->words[word] & bit && !(others >> i & 1))
			return j->learnt_id[i];
	}
	return 0;
}

static __always_inline void count_rule(__u32 base, __u32 rule, int new_flow)
{
	/* Endpoints for which no counters were left share index 0. */
	__u32 index = base ? base + rule : 0;
	struct ng_counter *counter = bpf_map_lookup_elem(&counters, &index);

	if (!counter)
		return;
	counter->packets += 1;
	if (new_flow)
		counter->flows += 1;
}

/* Reports the verdict to the daemon, with a rate limit per endpoint and tick. */
int report_verdict(struct ng_judgement *j, __u16 kind, __u16 reason)
{
	if (!j || !may_report_denial(j->slot, j->tick))
		return 0;
	/* For ICMP other than echo the key holds neither ports nor an identifier. */
	int has_ports = !j->icmp || j->key.be_remote_port != NG_NOT_ECHO;
	struct ng_event event = {
		.boot_ns = boot_time(),
		.endpoint = j->endpoint,
		.kind = kind,
		.remote = j->key.remote,
		.be_remote_port = has_ports ? j->key.be_remote_port : 0,
		.be_local_port = has_ports ? j->key.be_local_port : 0,
		.protocol = j->key.protocol,
		.direction = j->direction,
		.rule = j->rule,
		.reason = reason,
	};

	send_event(j->slot, &event);
	return 0;
}

#define NG_QUIC_PORT 443

/*
 * Does a rule with these flags, which admits the packet by a domain, bind it to a TLS name? Returns NG_RULE_VERIFY or
 * NG_RULE_REQUIRE if so. UDP to port 443 is taken for QUIC, which hides its name; with NG_RULE_REQUIRE no other protocol passes
 * either.
 */
static __always_inline __u32 binding(const struct ng_judgement *j, __u32 flags)
{
	if (j->key.protocol == IPPROTO_TCP)
		return flags & NG_RULE_TLS;
	if (j->key.protocol == IPPROTO_UDP && j->key.be_remote_port == bpf_htons(NG_QUIC_PORT))
		return flags & NG_RULE_QUIC ? 0 : flags & NG_RULE_TLS;
	return flags & NG_RULE_REQUIRE;
}

/* Applies the next rule in the set. Returns its action; after Pass and Log, *j is ready for the next step. */
int judge_step(struct ng_judgement *j)
{
	if (!j)
		return NG_ACT_DENY;
	__u32 number = (__u32)next_rule(j, j->from);
	__u32 index = j->rules.rule_base + number;
	struct ng_rule *rule = bpf_map_lookup_elem(&rules, &index);

	j->rule = (__u16)number;
	if (number >= NG_MAX_RULES || !rule)
		return NG_ACT_DENY;
	if (!j->quiet)
		count_rule(j->rules.counter_base, number, 1);
	if (rule->action == NG_ACT_PASS) {
		j->from = rule->next;
	} else if (rule->action == NG_ACT_LOG) {
		j->from = number + 1;
	} else if (rule->action == NG_ACT_ALLOW) {
		j->pattern = opening_pattern(j, rule->flags & NG_RULE_TLS ? j->others : 0);
		if (j->pattern && rule->flags & NG_RULE_TLS)
			j->bound = binding(j, rule->flags);
	}
	return rule->action;
}

/*
 * Judges the packet described in *j. Returns NG_ACT_ALLOW or NG_ACT_DENY, and sets rule and pattern in *j. Every failure
 * denies.
 */
int judge(struct ng_judgement *j)
{
	if (!j)
		return NG_ACT_DENY;
	judge_match(j);
	j->pattern = 0;
	j->bound = 0;
	j->from = 0;
	for (int step = 0; step < NG_MAX_VERDICT_STEPS; step++) {
		int action = judge_step(j);

		/* Here, because judge_step() and the report do not need their stacks at the same time. */
		if (action == NG_ACT_LOG && !j->quiet)
			report_verdict(j, NG_EVENT_LOGGED, NG_R_NONE);
		if (action == NG_ACT_ALLOW || action == NG_ACT_DENY)
			return action;
	}
	count(j->slot, NG_R_RULE_LOOP);
	return NG_ACT_DENY;
}

#endif
