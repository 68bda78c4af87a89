/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * DNS over UDP. A query that policy allows to a trusted server is recorded as pending. A response counts only if its
 * server, ports, id and question section are those of a pending query (D9, D10). Each endpoint has its own table of
 * pending queries: sets of a few entries, indexed by client port and id. Entries are written in place: a torn one mixes
 * two queries of the same endpoint to trusted servers, and no response matches it.
 */
#ifndef NG_DNS_EXCHANGE_H
#define NG_DNS_EXCHANGE_H

#include "dns_answer.h"
#include "dns_servers.h"
#include "flow.h"
#include "hold.h"

enum ng_response { NG_NOT_RESPONSE, NG_RESPONSE_PASSES, NG_RESPONSE_COPIED, NG_RESPONSE_HELD };

#define NG_UDP_HEADER 8
#define NG_MAX_QUESTION 259 /* bytes: name, type and class */
#define NG_MIN_MESSAGE 17 /* bytes: header, root name, type and class */
#define NG_PENDING_TICKS NG_TICKS(NG_PENDING_SECONDS)
#define NG_AHEAD_TICKS NG_TICKS(NG_AHEAD_SECONDS)
#define NG_WAIT_MAX ((__u32)(2ULL * NG_PENDING_SECONDS * NG_NS_PER_SECOND >> NG_WAIT_SHIFT))
#define NG_PLACE_ATTEMPTS 4 /* to claim an entry while other CPUs claim entries too */

/*
 * The offset at which the UDP payload ends: by the length in the UDP header, as the receiver reads it; for a first
 * fragment, the end of the fragment. 0: the header claims more bytes than the packet has.
 */
static __always_inline __u32 datagram_end(const struct ng_packet *p)
{
	if (p->fragment != NG_WHOLE)
		return p->end;
	__u32 end = p->transport + bpf_ntohs(p->be_udp_length);
	return end <= p->end ? end : 0;
}

/* Loads up to `most` bytes of the UDP payload into dns->message. dns->whole_length is the payload's full length. */
static __noinline int load_message(struct __sk_buff *skb, struct ng_dns *dns, const struct ng_packet *p, __u32 most)
{
	__u32 from = p->transport + NG_UDP_HEADER;
	__u32 length = datagram_end(p);

	if (length < from + NG_MIN_MESSAGE)
		return -1;
	length -= from;
	dns->whole_length = length;
	if (length > most)
		length = most;
	dns->length = length;
	length = ((length - 1) & NG_MESSAGE_MASK) + 1;
	return bpf_skb_load_bytes(skb, from, dns->message, length) ? -1 : 0;
}

/* The offset after the name in the question section; 0 if it is compressed or not a name. */
static __always_inline int question_end(struct ng_dns *dns)
{
	volatile struct ng_walk *walk = &dns->walk;

	walk->at = NG_DNS_HEADER;
	for (int i = 0; i < NG_MAX_LABELS; i++) {
		__u32 at = walk->at & NG_MESSAGE_MASK;

		if (at >= dns->length)
			return 0;
		__u32 length = dns->message[at];
		if (length == 0)
			return (int)at + 1;
		if (length > 63)
			return 0;
		walk->at = at + length + 1;
	}
	return 0;
}

/* Mask of the first `count` bytes, in memory order, of a word loaded from memory. */
static __always_inline __u64 first_bytes(__u32 count)
{
	return count < 8 ? (1ULL << (count * 8)) - 1 : ~0ULL;
}

/*
 * Seeded hash of the question section; 0 unless it holds exactly one question. The letters of the name are lowered, since
 * servers may answer in another case (D18). Type and class are not, even where their bytes look like letters.
 */
__u64 hash_question(void)
{
	struct ng_dns *dns = dns_state();

	if (!dns || dns->length < NG_MIN_MESSAGE || read16(dns, 4) != 1)
		return 0;
	__u32 end = (__u32)question_end(dns);
	if (end == 0 || end + 4 > dns->length)
		return 0;
	__u32 name_length = end - NG_DNS_HEADER;
	__u32 length = name_length + 4;
	if (length > NG_MAX_QUESTION)
		return 0;
	__u64 hash = name_seed + length;
	__u32 at = NG_DNS_HEADER;
	for (int i = 0; i < NG_MAX_QUESTION / 8; i++) {
		if (name_length < 8)
			break;
		hash = ng_hash_word(hash, ng_lower8(*(__u64 *)&dns->message[at & NG_MESSAGE_MASK]));
		name_length -= 8;
		at += 8;
	}
	/* The rest: up to 7 bytes of the name, then type and class. */
	__u64 word = *(__u64 *)&dns->message[at & NG_MESSAGE_MASK];
	__u64 of_name = first_bytes(name_length);
	word = (ng_lower8(word) & of_name) | (word & ~of_name);
	length = name_length + 4;
	if (length > 8) {
		hash = ng_hash_word(hash, word);
		word = *(__u64 *)&dns->message[(at + 8) & NG_MESSAGE_MASK];
		length -= 8;
	}
	hash = ng_hash_word(hash, word & first_bytes(length));
	return hash | 1;
}

static __always_inline struct ng_pending_set *pending_set(__u32 slot, __u16 be_client_port, __u16 be_id)
{
	void *inner = bpf_map_lookup_elem(&pending, &slot);
	__u64 hash = ng_hash_mix(name_seed, (__u64)be_client_port << 16 | be_id);
	__u32 index = (__u32)hash & (NG_PENDING_SETS - 1);

	return inner ? bpf_map_lookup_elem(inner, &index) : 0;
}

static __always_inline int same_exchange(const struct ng_pending *entry, const struct ng_packet *p, __u16 be_id,
					 __u64 question)
{
	return entry->question == question && entry->be_id == be_id && entry->be_client_port == p->key.be_local_port &&
	       entry->be_server_port == p->key.be_remote_port && entry->local == p->key.local &&
	       addr_equal(&entry->server, &p->key.remote);
}

static __always_inline int is_waiting(const struct ng_pending *entry, __u32 now)
{
	return entry->question && entry->outstanding && is_within(now, entry->asked, NG_PENDING_TICKS, NG_AHEAD_TICKS);
}

/*
 * The index for a new query: the entry of the same query if there is one, else a free one, else the oldest. Global, so that
 * it is verified once, on its own.
 */
int pending_place(const struct ng_pending_set *set, const struct ng_packet *p, __u16 be_id, __u64 question, __u32 now)
{
	__u32 oldest_age = 0;
	int place = 0;

	if (!set || !p)
		return 0;
	for (int i = 0; i < NG_PENDING_WAYS; i++) {
		const struct ng_pending *entry = &set->way[i];
		__u32 age = is_waiting(entry, now) ? now - entry->asked + NG_AHEAD_TICKS : ~0U;

		if (same_exchange(entry, p, be_id, question))
			return i;
		if (age > oldest_age) {
			oldest_age = age;
			place = i;
		}
	}
	return place;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NG_OUTSTANDING_SHIFT 24
#else
#define NG_OUTSTANDING_SHIFT 0
#endif
#define NG_OUTSTANDING_MAX 255
#define NG_OUTSTANDING_ATTEMPTS 4 /* while other CPUs change the count too */

/*
 * Adds `change` to the count of outstanding queries. The count and the id share a word that is compared and swapped as a
 * whole, so two CPUs cannot use one query twice, nor count in an entry that was given to another query. 0: not counted.
 */
static __always_inline int count_outstanding(struct ng_pending *entry, int change)
{
	__u32 *word = (__u32 *)&entry->be_id;

	for (int i = 0; i < NG_OUTSTANDING_ATTEMPTS; i++) {
		__u32 old = *(volatile __u32 *)word;
		__u32 outstanding = old >> NG_OUTSTANDING_SHIFT & NG_OUTSTANDING_MAX;

		if (outstanding == (change < 0 ? 0 : NG_OUTSTANDING_MAX))
			return change > 0;
		if (__sync_val_compare_and_swap(word, old, old + ((__u32)change << NG_OUTSTANDING_SHIFT)) == old)
			return 1;
	}
	return 0;
}

enum ng_recorded {
	NG_RECORDED,
	NG_RECORDED_EVICTING, /* another pending query was evicted for it */
	NG_PLACE_TAKEN, /* another CPU claimed the entry first */
};

/* Writes the query to the entry. */
static __always_inline enum ng_recorded write_pending(struct ng_pending *entry, const struct ng_packet *p, __u16 be_id,
						      __u64 question, const struct ng_dns *dns)
{
	__u32 taken = entry->taken;
	__u32 claim = ((__u32)(dns->now >> NG_WAIT_SHIFT) & ~1U) | dns->exact;
	__u32 now = tick_of(dns->now);
	int waiting = is_waiting(entry, now);

	if (waiting && same_exchange(entry, p, be_id, question)) {
		entry->asked = now;
		count_outstanding(entry, 1);
		return NG_RECORDED;
	}
	if (claim == taken)
		claim += 2;
	if (__sync_val_compare_and_swap(&entry->taken, taken, claim) != taken)
		return NG_PLACE_TAKEN;
	entry->question = 0; /* no response matches while the entry is rewritten */
	entry->server = p->key.remote;
	entry->be_server_port = p->key.be_remote_port;
	entry->be_client_port = p->key.be_local_port;
	entry->be_id = be_id;
	entry->local = p->key.local;
	entry->outstanding = 1;
	entry->asked = now;
	entry->question = question;
	return waiting ? NG_RECORDED_EVICTING : NG_RECORDED;
}

/* Sends the message to the daemon, which polls every few milliseconds: wakes it only if much of the ring is unread. */
static __noinline int send_message(struct ng_dns *dns, const struct ng_packet *p, __u16 kind, __u16 reason)
{
	__u32 length = dns->length;
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (length > NG_DNS_MAX_MESSAGE)
		length = NG_DNS_MAX_MESSAGE;
	dns->event.boot_ns = dns->now;
	dns->event.endpoint = dns->endpoint;
	dns->event.kind = kind;
	dns->event.payload = (__u16)length;
	dns->event.remote = p->key.remote;
	dns->event.be_remote_port = p->key.be_remote_port;
	dns->event.be_local_port = p->key.be_local_port;
	dns->event.protocol = p->key.protocol;
	dns->event.direction = kind == NG_EVENT_LIMIT || kind == NG_EVENT_QUERY ? NG_EGRESS : NG_INGRESS;
	dns->event.rule = kind == NG_EVENT_QUERY ? NG_NO_RULE : 0;
	dns->event.reason = reason;
	dns->event.learnt = (__u16)dns->learnt;
	dns->event.waited = dns->waited;
	length += sizeof(dns->event);
	if (bpf_ringbuf_query(&dns_events, BPF_RB_AVAIL_DATA) > NG_DNS_RING_ROOMY) {
		struct ng_deny_budget *budget = budget_of(dns->slot, tick_of(dns->now));

		if (!budget || !take_ring_room(&budget->dns_bytes, length, NG_DNS_BYTES_PER_TICK)) {
			count(dns->slot, NG_R_EVENT_LOST);
			return 0;
		}
		flags = BPF_RB_FORCE_WAKEUP;
	}
	if (bpf_ringbuf_output(&dns_events, &dns->event, length, flags))
		count(dns->slot, NG_R_EVENT_LOST);
	return 0;
}

/* Counts a query that was not recorded or evicted another one, and reports it under the rate limit of denials. */
static __noinline int report_lost_query(struct ng_dns *dns, __u32 slot, __u32 endpoint, const struct ng_packet *p)
{
	count(slot, NG_R_QUESTION_LOST);
	if (!may_report_denial(slot, tick_of(dns->now)))
		return 0;
	dns->slot = slot;
	dns->endpoint = endpoint;
	dns->learnt = 0;
	dns->waited = 0;
	return send_message(dns, p, NG_EVENT_LIMIT, NG_R_QUESTION_LOST);
}

/* The time of a query or response. An exact clock costs as much as an eighth of a lookup of this program, so only on demand. */
static __always_inline void read_clock(struct ng_dns *dns)
{
	dns->exact = is_wanted(NG_WANT_WAITS);
	dns->now = dns->exact ? bpf_ktime_get_boot_ns() : boot_time();
}

/* Records the query that the packet carries. The packet passes in any case. */
static __noinline int record_query(struct __sk_buff *skb, __u32 slot, __u32 endpoint, const struct ng_packet *p)
{
	struct ng_dns *dns = dns_state();
	__u16 be_id;

	if (!dns || load_message(skb, dns, p, NG_DNS_HEADER + NG_MAX_QUESTION))
		return 0;
	if (dns->message[2] & NG_DNS_RESPONSE)
		return 0;
	__u64 question = hash_question();
	if (!question)
		return 0;
	be_id = *(__u16 *)dns->message;
	struct ng_pending_set *set = pending_set(slot, p->key.be_local_port, be_id);
	if (!set)
		return 0;
	read_clock(dns);
	__u32 now = tick_of(dns->now);
	enum ng_recorded outcome = NG_PLACE_TAKEN;
	for (int i = 0; i < NG_PLACE_ATTEMPTS; i++) {
		int place = pending_place(set, p, be_id, question, now) & (NG_PENDING_WAYS - 1);

		outcome = write_pending(&set->way[place], p, be_id, question, dns);
		if (outcome != NG_PLACE_TAKEN)
			break;
	}
	if (outcome != NG_PLACE_TAKEN)
		count(slot, NG_R_QUESTION);
	if (outcome != NG_RECORDED)
		report_lost_query(dns, slot, endpoint, p);
	return 0;
}

/*
 * The time that a pending query has waited, in 2^NG_WAIT_SHIFT ns, at least 1. When it was repeated, since the first time. 0: not
 * known: nobody wanted to know it when the query or the response passed, or a build before version 6 recorded the query.
 */
static __always_inline __u32 waited(const struct ng_dns *dns, const struct ng_pending *entry)
{
	__u32 taken = entry->taken;
	__u32 since = (__u32)(dns->now >> NG_WAIT_SHIFT) - (taken & ~1U);

	if (!(taken & dns->exact) || since > NG_WAIT_MAX)
		return 0;
	return since ? since : 1;
}

/*
 * Returns 1 if the response in dns->message answers a pending query, which it counts as answered. Sets dns->waited.
 */
static __noinline int match_pending(struct ng_dns *dns, __u32 slot, const struct ng_packet *p)
{
	__u16 be_id = *(__u16 *)dns->message;
	__u32 now = tick_of(dns->now);
	struct ng_pending_set *set = pending_set(slot, p->key.be_local_port, be_id);

	if (!set || !(dns->message[2] & NG_DNS_RESPONSE))
		return 0;
	__u64 question = hash_question();
	if (!question)
		return 0;
	for (int i = 0; i < NG_PENDING_WAYS; i++) {
		struct ng_pending *entry = &set->way[i];

		if (same_exchange(entry, p, be_id, question) && is_waiting(entry, now)) {
			dns->waited = waited(dns, entry);
			return count_outstanding(entry, -1);
		}
	}
	return 0;
}

static __always_inline void count_response(struct ng_dns *dns)
{
	count(dns->slot, NG_R_ANSWER);
	if (dns->learnt)
		count(dns->slot, NG_R_LEARNT);
	if (dns->full)
		count(dns->slot, NG_R_LEARNT_FULL);
	if (dns->refused)
		count(dns->slot, NG_R_NEVER_OPENS);
}

/*
 * Passes the response to the daemon: as a held frame if the kernel parser did not decide it, as a copy of the frame if it
 * is decided but not a complete message, otherwise as an event with the message. Returns an ng_response.
 */
static __noinline int pass_on(struct __sk_buff *skb, struct ng_dns *dns, const struct ng_packet *p, int decision)
{
	int whole = p->fragment == NG_WHOLE && dns->whole_length <= NG_DNS_MAX_MESSAGE;
	__u16 kind = decision == NG_DECIDED ? NG_EVENT_ANSWER : NG_EVENT_UNPARSED;
	__u16 reason = dns->full ? NG_R_LEARNT_FULL : dns->refused ? NG_R_NEVER_OPENS : NG_R_NONE;
	__u32 waits = decision != NG_DECIDED;

	/* A frame of several datagrams cannot be put back. The kernel itself does not aggregate DNS responses. */
	if (skb->gso_size)
		count(dns->slot, NG_R_UNPARSED);
	else if (waits || !whole) {
		int holding = hold_frame(skb, dns->slot, dns->endpoint, waits ? NG_HOLD_WAITS : 0, dns->waited);

		if (holding == NG_HELD)
			return waits ? NG_RESPONSE_HELD : NG_RESPONSE_COPIED;
		if (holding == NG_HELD_NO_ROOM) {
			count_lost_frame(dns->slot);
			reason = NG_R_HELD_FULL;
		}
	}
	send_message(dns, p, kind, reason);
	return NG_RESPONSE_PASSES;
}

/*
 * Learns from a packet from a DNS port to the pod. NG_NOT_RESPONSE: it answers no pending query; judge it like any other
 * packet. Otherwise it is admitted as a response, and passes (a copy may go to the daemon) or is held.
 */
static __always_inline int learn_response(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
					  const struct ng_packet *p)
{
	struct ng_dns *dns = dns_state();
	int decision = NG_UNDECIDED;

	if (!dns || load_message(skb, dns, p, NG_DNS_MAX_MESSAGE))
		return NG_NOT_RESPONSE;
	read_clock(dns);
	if (!match_pending(dns, slot, p)) {
		if (is_trusted(config, &p->key.remote, p->key.be_remote_port))
			count(slot, NG_R_UNSOLICITED);
		return NG_NOT_RESPONSE;
	}
	dns->slot = slot;
	dns->endpoint = config->endpoint;
	dns->policy = config->direction[NG_EGRESS].policy;
	dns->max_labels = config->direction[NG_EGRESS].max_labels;
	dns->has_mid = config->direction[NG_EGRESS].flags & NG_DIR_MID;
	dns->filter = config->filter;
	dns->chain = 0;
	dns->complete = 0;
	dns->matches = 0;
	dns->expiry = 0;
	dns->learnt = 0;
	dns->full = 0;
	dns->refused = 0;
	dns->steps = NG_DNS_STEP_BUDGET;
	dns->server = p->key.remote;
	dns->be_server_port = p->key.be_remote_port;
	if (!(config->direction[NG_EGRESS].flags & NG_DIR_DOMAINS))
		decision = NG_DECIDED; /* the policy has no domains: the response is for the name cache only */
	else if (p->fragment == NG_WHOLE && dns->whole_length <= NG_DNS_MAX_MESSAGE)
		decision = parse_response();
	count_response(dns);
	return pass_on(skb, dns, p, decision);
}

#endif
