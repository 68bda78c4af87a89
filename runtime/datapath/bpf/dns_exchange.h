/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Questions and answers. A question that the policy lets through to a trusted server is noted; an answer counts
 * only when its server, ports, id and question are those of a noted one (D9, D10). Each endpoint has its own
 * table of notes, sets of a few places found by client port and id. Notes are written in place: a torn one
 * mixes two questions of the same endpoint to trusted servers, and no answer fits it.
 */
#ifndef NG_DNS_EXCHANGE_H
#define NG_DNS_EXCHANGE_H

#include "dns_answer.h"
#include "dns_servers.h"
#include "flow.h"
#include "hold.h"

enum ng_answer { NG_NO_ANSWER, NG_ANSWERED, NG_ANSWER_COPIED, NG_ANSWER_HELD };

#define NG_UDP_HEADER 8
#define NG_MAX_QUESTION 259 /* name and type and class */
#define NG_MIN_MESSAGE 17 /* header, the root name, type and class */
#define NG_TICKS(seconds) ((__u32)((__u64)(seconds)*NG_NS_PER_SECOND >> NG_TICK_SHIFT))
#define NG_PENDING_TICKS NG_TICKS(NG_PENDING_SECONDS)
#define NG_AHEAD_TICKS NG_TICKS(NG_AHEAD_SECONDS)
#define NG_PLACE_ATTEMPTS 4 /* for a place that no other CPU takes at the same moment */

/*
 * Where the UDP payload ends: as the UDP header tells, which the receiver goes by; of a first fragment, with the fragment.
 * 0: the header tells more than there is.
 */
static __always_inline __u32 datagram_end(const struct ng_packet *p)
{
	if (p->fragment != NG_WHOLE)
		return p->end;
	__u32 end = p->transport + bpf_ntohs(p->be_udp_length);
	return end <= p->end ? end : 0;
}

/* Loads up to `most` bytes of the UDP payload into dns->message; dns->whole_length is all there are. */
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

/* Offset behind the question's name, which is not compressed; 0 when it is no name. */
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

/* Mask of the first `count` bytes of a word as it was loaded from memory. */
static __always_inline __u64 first_bytes(__u32 count)
{
	return count < 8 ? (1ULL << (count * 8)) - 1 : ~0ULL;
}

/*
 * Seeded hash of the question section; 0 when there is no single question. The name's letters are lowered, since servers
 * may answer in another case (D18); type and class, which may look like letters, are not.
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
	/* What is left: up to 7 bytes of the name, then type and class. */
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

static __always_inline int same_exchange(const struct ng_pending *note, const struct ng_packet *p, __u16 be_id,
					 __u64 question)
{
	return note->question == question && note->be_id == be_id && note->be_client_port == p->key.be_local_port &&
	       note->be_server_port == p->key.be_remote_port && note->local == p->key.local &&
	       addr_equal(&note->server, &p->key.remote);
}

static __always_inline int is_waiting(const struct ng_pending *note, __u32 now)
{
	return note->question && note->outstanding && is_within(now, note->asked, NG_PENDING_TICKS, NG_AHEAD_TICKS);
}

/* The place for a new note: its own from before, else a free one, else the oldest. Verified once, on its own. */
int note_place(const struct ng_pending_set *set, const struct ng_packet *p, __u16 be_id, __u64 question, __u32 now)
{
	__u32 oldest_age = 0;
	int place = 0;

	if (!set || !p)
		return 0;
	for (int i = 0; i < NG_PENDING_WAYS; i++) {
		const struct ng_pending *note = &set->way[i];
		__u32 age = is_waiting(note, now) ? now - note->asked + NG_AHEAD_TICKS : ~0U;

		if (same_exchange(note, p, be_id, question))
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
#define NG_OUTSTANDING_ATTEMPTS 4 /* while other CPUs count too */

/*
 * Counts a question or an answer, as part of the word in which the note's id stands: two CPUs never count one question
 * twice, nor one that is another's by now. 0: it could not be counted.
 */
static __always_inline int count_outstanding(struct ng_pending *note, int change)
{
	__u32 *word = (__u32 *)&note->be_id;

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

enum ng_note {
	NG_NOTED,
	NG_NOTE_PUSHED_OUT, /* another question had to go for it */
	NG_NOTE_TAKEN, /* another CPU has taken that place meanwhile */
};

/* Writes the question into the note. */
static __always_inline enum ng_note write_note(struct ng_pending *note, const struct ng_packet *p, __u16 be_id,
					       __u64 question, __u32 now)
{
	__u32 taken = note->taken;
	int waiting = is_waiting(note, now);

	if (waiting && same_exchange(note, p, be_id, question)) {
		note->asked = now;
		count_outstanding(note, 1);
		return NG_NOTED;
	}
	if (__sync_val_compare_and_swap(&note->taken, taken, taken + 1) != taken)
		return NG_NOTE_TAKEN;
	note->question = 0; /* no answer fits while the note is rewritten */
	note->server = p->key.remote;
	note->be_server_port = p->key.be_remote_port;
	note->be_client_port = p->key.be_local_port;
	note->be_id = be_id;
	note->local = p->key.local;
	note->outstanding = 1;
	note->asked = now;
	note->question = question;
	return waiting ? NG_NOTE_PUSHED_OUT : NG_NOTED;
}

/* The message for the daemon. Nobody is woken for an answer: the reader looks in every few milliseconds. */
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
	dns->event.direction = kind == NG_EVENT_LIMIT ? NG_EGRESS : NG_INGRESS;
	dns->event.rule = 0;
	dns->event.reason = reason;
	dns->event.learnt = (__u16)dns->learnt;
	dns->event.ifindex = dns->ifindex;
	if (bpf_ringbuf_query(&dns_events, BPF_RB_AVAIL_DATA) > NG_DNS_RING_BYTES / 4)
		flags = BPF_RB_FORCE_WAKEUP;
	if (bpf_ringbuf_output(&dns_events, &dns->event, sizeof(dns->event) + length, flags))
		count(dns->slot, NG_R_EVENT_LOST);
	return 0;
}

/* A question that is not noted, or has pushed out another: the daemon is told which, as often as of denials. */
static __noinline int lose_question(struct ng_dns *dns, __u32 slot, __u32 endpoint, const struct ng_packet *p,
				    __u32 ifindex)
{
	count(slot, NG_R_QUESTION_LOST);
	dns->now = boot_time();
	if (!may_report_denial(slot, tick_of(dns->now)))
		return 0;
	dns->slot = slot;
	dns->endpoint = endpoint;
	dns->ifindex = ifindex;
	dns->learnt = 0;
	return send_message(dns, p, NG_EVENT_LIMIT, NG_R_QUESTION_LOST);
}

/* Notes the question that the packet carries. The packet goes on whatever comes of it. */
static __noinline int note_question(struct __sk_buff *skb, __u32 slot, __u32 endpoint, const struct ng_packet *p)
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
	__u32 now = tick_of(boot_time());
	enum ng_note outcome = NG_NOTE_TAKEN;
	for (int i = 0; i < NG_PLACE_ATTEMPTS && outcome == NG_NOTE_TAKEN; i++) {
		int place = note_place(set, p, be_id, question, now) & (NG_PENDING_WAYS - 1);

		outcome = write_note(&set->way[place], p, be_id, question, now);
	}
	if (outcome != NG_NOTE_TAKEN)
		count(slot, NG_R_QUESTION);
	if (outcome != NG_NOTED)
		lose_question(dns, slot, endpoint, p, skb->ifindex);
	return 0;
}

/* Takes the note that the answer in dns->message fits. Returns 1 when there was one. */
static __noinline int take_note(struct ng_dns *dns, __u32 slot, const struct ng_packet *p)
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
		struct ng_pending *note = &set->way[i];

		if (same_exchange(note, p, be_id, question) && is_waiting(note, now))
			return count_outstanding(note, -1);
	}
	return 0;
}

static __always_inline void count_answer(struct ng_dns *dns)
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
 * To the daemon: what the kernel parser does not decide, to be held there; a copy of what is no message by itself; and
 * the message of everything else. Returns an ng_answer.
 */
static __noinline int pass_on(struct __sk_buff *skb, struct ng_dns *dns, const struct ng_packet *p, int decision)
{
	int whole = p->fragment == NG_WHOLE && dns->whole_length <= NG_DNS_MAX_MESSAGE;
	__u16 kind = decision == NG_DECIDED ? NG_EVENT_ANSWER : NG_EVENT_UNPARSED;
	__u16 reason = dns->full ? NG_R_LEARNT_FULL : dns->refused ? NG_R_NEVER_OPENS : NG_R_NONE;
	__u32 waits = decision != NG_DECIDED;

	/* Several datagrams in one frame cannot be put back as such; the kernel makes none of DNS answers by itself. */
	if (skb->gso_size)
		count(dns->slot, NG_R_UNPARSED);
	else if (waits || !whole) {
		int holding = hold_frame(skb, dns->slot, dns->endpoint, NG_INGRESS, waits);

		if (holding == NG_HELD)
			return waits ? NG_ANSWER_HELD : NG_ANSWER_COPIED;
		if (holding == NG_HELD_ENOUGH) {
			lose_frame(dns->slot);
			reason = NG_R_HELD_FULL;
		}
	}
	send_message(dns, p, kind, reason);
	return NG_ANSWERED;
}

/*
 * Learns from a packet of a DNS server to the pod. NG_ANSWERED: it answers a noted question, and passes as the
 * reply that it is, or is held; NG_NO_ANSWER: judge it like any other packet.
 */
static __always_inline int learn_answer(struct __sk_buff *skb, __u32 slot, const struct ng_endpoint_config *config,
					const struct ng_packet *p)
{
	struct ng_dns *dns = dns_state();
	int decision = NG_UNDECIDED;

	if (!dns || load_message(skb, dns, p, NG_DNS_MAX_MESSAGE))
		return NG_NO_ANSWER;
	dns->now = boot_time();
	if (!take_note(dns, slot, p)) {
		if (is_trusted(config, &p->key.remote, p->key.be_remote_port))
			count(slot, NG_R_UNSOLICITED);
		return NG_NO_ANSWER;
	}
	dns->slot = slot;
	dns->endpoint = config->endpoint;
	dns->policy = config->direction[NG_EGRESS].policy;
	dns->max_labels = config->direction[NG_EGRESS].max_labels;
	dns->has_mid = config->direction[NG_EGRESS].flags & NG_DIR_MID;
	dns->ifindex = skb->ifindex;
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
		decision = NG_DECIDED; /* no name matters to the policy: only the cache wants to know */
	else if (p->fragment == NG_WHOLE && dns->whole_length <= NG_DNS_MAX_MESSAGE)
		decision = parse_answer();
	count_answer(dns);
	return pass_on(skb, dns, p, decision);
}

#endif
