/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Used by all parts of the programs: settings fixed at load, counters, events, time.
 */
#ifndef NG_COMMON_H
#define NG_COMMON_H

#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#include "abi.h"
#include "maps.h"
#include "ng_hash.h"

/* The loader sets these before load; they are constants to the verifier. */
const volatile __u64 name_seed = 1;
const volatile __u32 jiffies_hz = 250;
const volatile __u32 held_mark = 0;
const volatile __u32 answer_mark = 1; /* see reject.h */

/* Continue with the next program on the hook, then the stack: others may attach programs too. */
#define NG_NEXT TC_ACT_UNSPEC
#define NG_DROP TC_ACT_SHOT
/* Internal: denied by policy; reject.h turns it into a drop or an answer. Not a TC_ACT_* value of the kernel. */
#define NG_REFUSE 0x1000
/* Internal: not to pass, and its sender gets a RST in any case. */
#define NG_RESET 0x1001
/* Internal: the packet's connection must show a TLS name first; tls_egress or tls_ingress goes on with it. */
#define NG_BIND 0x1002

#define NG_NS_PER_SECOND 1000000000ULL
#define NG_TICKS(seconds) ((__u32)((__u64)(seconds)*NG_NS_PER_SECOND >> NG_TICK_SHIFT))

/*
 * skb->data and skb->data_end, the first byte of the packet and the end of its linear part. Assembly, because clang copies
 * the 32-bit field through half registers, after which the verifier no longer treats it as a pointer.
 */
static __always_inline void *packet_start(const struct __sk_buff *skb)
{
	void *start;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(start)
		     : "r"(skb), "i"(__builtin_offsetof(struct __sk_buff, data)));
	return start;
}

static __always_inline void *packet_end(const struct __sk_buff *skb)
{
	void *end;

	asm volatile("%0 = *(u32 *)(%1 + %2)"
		     : "=r"(end)
		     : "r"(skb), "i"(__builtin_offsetof(struct __sk_buff, data_end)));
	return end;
}

static __always_inline void count(__u32 slot, __u32 reason)
{
	__u32 index = slot * NG_STATS_STRIDE + reason;
	__u64 *value = bpf_map_lookup_elem(&stats, &index);

	if (value)
		*value += 1;
}

static __always_inline int drop(__u32 slot, __u32 reason)
{
	count(slot, reason);
	return NG_DROP;
}

static __always_inline __u32 tick_of(__u64 boot_ns)
{
	return (__u32)(boot_ns >> NG_TICK_SHIFT);
}

static __always_inline __u32 now_jiffies(void)
{
	return (__u32)bpf_jiffies64();
}

/* The boot time that this CPU read last. */
struct ng_moment {
	__u64 jiffies;
	__u64 boot_ns;
};
NG_SCRATCH_MAP(moment, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct ng_moment, 1)

/* The boot time in ns, at most one jiffy old: reading the clock costs as much as two lookups. */
static __always_inline __u64 boot_time(void)
{
	__u32 zero = 0;
	struct ng_moment *last = bpf_map_lookup_elem(&moment, &zero);
	__u64 now = bpf_jiffies64();

	if (!last)
		return bpf_ktime_get_boot_ns();
	if (last->jiffies != now) {
		last->boot_ns = bpf_ktime_get_boot_ns();
		last->jiffies = now;
	}
	return last->boot_ns;
}

/* Does somebody want to read this (NG_WANT_*)? */
static __always_inline int is_wanted(__u32 what)
{
	__u32 zero = 0;
	struct ng_wanted *now = bpf_map_lookup_elem(&wanted, &zero);

	return now && now->events & what ? 1 : 0;
}

/*
 * Returns whether at most `limit` units have passed from `then` to `now`. Another CPU may have written a `then` that is
 * slightly later than this CPU's `now`: up to `ahead` units this counts as no time, not as almost 2^32 units.
 */
static __always_inline int is_within(__u32 now, __u32 then, __u32 limit, __u32 ahead)
{
	return now - then + ahead <= limit + ahead;
}

/* Is `a` later than `b`? Correct across a wrap of the 32 bits. */
static __always_inline int tick_after(__u32 a, __u32 b)
{
	return (__s32)(a - b) > 0;
}

static __always_inline int addr_equal(const struct ng_addr *a, const struct ng_addr *b)
{
	return a->w[3] == b->w[3] && a->w[2] == b->w[2] && a->w[1] == b->w[1] && a->w[0] == b->w[0];
}

static __always_inline int addr_is_v4(const struct ng_addr *a)
{
	return a->w[0] == 0 && a->w[1] == 0 && a->w[2] == bpf_htonl(0xffff);
}

/* What the endpoint used in this tick. */
static __always_inline struct ng_deny_budget *budget_of(__u32 slot, __u32 tick)
{
	struct ng_deny_budget *budget = bpf_map_lookup_elem(&deny_budget, &slot);

	if (budget && budget->tick != tick) {
		budget->tick = tick;
		budget->sent = 0;
		budget->rejected = 0;
		budget->dns_bytes = 0;
		budget->flow_bytes = 0;
	}
	return budget;
}

/*
 * Whether the endpoint may add `bytes` to a ring of which `used` says what it added in this tick: at most `limit`, so that one
 * with many events leaves room for those of the others.
 */
static __always_inline int take_ring_room(__u32 *used, __u32 bytes, __u32 limit)
{
	if (*used + bytes > limit)
		return 0;
	*used += bytes;
	return 1;
}

/* Rate limit, so that the denials of one endpoint cannot fill the ring. Denials over the limit are only counted. */
static __always_inline int may_report_denial(__u32 slot, __u32 tick)
{
	struct ng_deny_budget *budget = budget_of(slot, tick);

	if (!budget || budget->sent >= NG_DENY_EVENTS_PER_TICK)
		return 0;
	budget->sent += 1;
	return 1;
}

static __always_inline void send_event(__u32 slot, struct ng_event *event)
{
	if (bpf_ringbuf_output(&events, event, sizeof(*event), 0))
		count(slot, NG_R_EVENT_LOST);
}

#endif
