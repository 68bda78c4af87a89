/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Reads domain names in a DNS message (RFC 1035 section 4.1.4): follows compression pointers, lowers the letters, writes
 * the name without compression, and hashes each label. The walker's state is in map memory and volatile: the verifier
 * then sees each load as an unknown number and can merge the states of the loop. Buffers are indexed with a mask and
 * have room after them for one unaligned 8-byte access.
 */
#ifndef NG_DNS_NAME_H
#define NG_DNS_NAME_H

#include "common.h"

#define NG_DNS_HEADER 12
#define NG_MESSAGE_BUFFER 2048
#define NG_MESSAGE_MASK (NG_MESSAGE_BUFFER - 1)
#define NG_MAX_LABELS 128
#define NG_LABEL_MASK (NG_MAX_LABELS - 1)
#define NG_NAME_MASK (NG_NAME_MAX - 1)
#define NG_MAX_MATCHES NG_LEARNT_PATTERNS
#define NG_POINTER 0xc0
#define NG_MAX_NAME_STEPS 136 /* labels and pointers of one name */
#define NG_MAX_NAME_BYTES 254 /* 255 less the root label */

struct ng_walk {
	__u32 at; /* next byte to read */
	__u32 end; /* first byte after the name at its original place; 0 until known */
	__u32 limit; /* pointers must lead below this offset, and not into the header */
	__u32 labels;
	__u32 length; /* bytes of labels so far */
};

struct ng_name {
	__u8 bytes[NG_NAME_MAX + 72]; /* wire format, lowered, without the root label */
	__u32 length;
};

struct ng_dns {
	struct ng_event event; /* directly before the message, so that one output call sends both */
	__u8 message[NG_MESSAGE_BUFFER];
	__u8 message_room[96];
	struct ng_walk walk;
	struct ng_name name; /* the last name walked */
	struct ng_name target; /* the name that the chain has reached */
	__u64 label_hash[NG_MAX_LABELS];
	__u16 label_at[NG_MAX_LABELS]; /* offset of its length byte in name.bytes */
	__u32 length; /* bytes of the message that were loaded */
	__u32 whole_length; /* bytes of the message in the packet */
	__u32 target_at; /* offset of the target in the message: a pointer to it needs no walk */
	__u32 chain; /* CNAME records followed */
	__u32 complete; /* 1: a record of the target was seen, so the chain ends in this response */
	__u32 chain_ttl; /* of the last CNAME record */
	__u64 suffix_hash; /* of the last suffix of the target that was matched */
	__u64 target_hash; /* of all labels of the target */
	__u32 suffix_labels;
	__u32 steps; /* remaining of NG_DNS_STEP_BUDGET */
	/* the endpoint and what its policy matched */
	__u32 slot;
	__u32 endpoint;
	__u32 waited; /* as in ng_event */
	__u32 policy;
	__u32 max_labels;
	__u32 has_mid;
	struct ng_pattern_filter filter;
	__u32 matches;
	__u64 match[NG_MAX_MATCHES]; /* ids of the patterns that match a name of the chain */
	/* what is written to the learnt map */
	struct ng_addr address;
	struct ng_learnt entry;
	/* lookup keys; here because the chain of calls fills the 512 bytes of stack that Linux 6.1 allows */
	struct ng_never_key never;
	struct ng_pattern_key pattern;
	__u64 suffix;
	struct ng_addr server;
	__u64 now; /* boot_ns */
	__u32 exact; /* 1: `now` is exact; 0: it may be a jiffy old */
	__u32 ttl; /* of the last address record */
	__u32 expiry; /* tick at which it expires; 0: not known yet */
	__u32 learnt;
	__u32 full;
	__u32 refused; /* addresses that no name opens */
	__u16 be_server_port;
	__u16 pad;
	/* a segment of queries over TCP (dns_query_stream.h); here for the same reason as the keys */
	__u32 segment_at; /* offset in the frame of the length before the next message */
	__u32 segment_end;
	__u32 sequence; /* of the byte at segment_at */
	__u64 connection;
	__u64 stream_state; /* when the message was read */
	__u64 message_hash;
};

NG_SCRATCH_MAP(dns_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct ng_dns, 1)

static __always_inline struct ng_dns *dns_state(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&dns_scratch, &zero);
}

/* Eight bytes in network order. */
static __always_inline __u64 read64(const struct ng_dns *dns, __u32 at)
{
	return bpf_be64_to_cpu(*(const __u64 *)&dns->message[at & NG_MESSAGE_MASK]);
}

static __always_inline __u32 read16(const struct ng_dns *dns, __u32 at)
{
	return (__u32)dns->message[at & NG_MESSAGE_MASK] << 8 | dns->message[(at + 1) & NG_MESSAGE_MASK];
}

/* Copies one label, lowered, from the message to name.bytes. Returns its hash. */
__u64 copy_label(__u32 from, __u32 to, __u32 length)
{
	struct ng_dns *dns = dns_state();
	__u64 hash;

	if (!dns)
		return 0;
	length &= 63;
	hash = name_seed + length;
	dns->name.bytes[to & NG_NAME_MASK] = (__u8)length;
	from += 1;
	to += 1;
	for (int i = 0; i < 8; i++) {
		if (length == 0)
			break;
		__u64 word = ng_lower8(*(__u64 *)&dns->message[from & NG_MESSAGE_MASK]);

		if (length < 8) {
			word &= (1ULL << (length * 8)) - 1;
			length = 0;
		} else {
			length -= 8;
		}
		*(__u64 *)&dns->name.bytes[to & NG_NAME_MASK] = word;
		hash = ng_hash_word(hash, word);
		from += 8;
		to += 8;
	}
	return hash;
}

/* Reads one label or pointer. 0: continue; 1: the name is complete; -1: not a name, or out of budget. */
static __always_inline int walk_step(struct ng_dns *dns, volatile struct ng_walk *walk)
{
	__u32 at = walk->at & NG_MESSAGE_MASK;
	__u32 length;

	if (at >= dns->length || dns->steps == 0)
		return -1;
	dns->steps -= 1;
	length = dns->message[at];
	if (length == 0) {
		if (!walk->end)
			walk->end = at + 1;
		return 1;
	}
	if (length >= NG_POINTER) {
		__u32 to = read16(dns, at) & 0x3fff;

		if (at + 1 >= dns->length || to < NG_DNS_HEADER || to >= walk->limit)
			return -1;
		if (!walk->end)
			walk->end = at + 2;
		walk->limit = to;
		walk->at = to;
		return 0;
	}
	__u32 written = walk->length;
	__u32 label = walk->labels & NG_LABEL_MASK;
	if (length > 63 || written + length + 1 > NG_MAX_NAME_BYTES)
		return -1;
	dns->label_hash[label] = copy_label(at, written, length);
	dns->label_at[label] = (__u16)written;
	walk->labels = label + 1;
	walk->length = written + length + 1;
	walk->at = at + length + 1;
	return 0;
}

/* Reads the name at `at` into dns->name and hashes its labels. Returns the offset after it, or -1. */
int walk_name(__u32 at)
{
	struct ng_dns *dns = dns_state();
	volatile struct ng_walk *walk;
	int state = 0;

	if (!dns)
		return -1;
	walk = &dns->walk;
	walk->at = at;
	walk->end = 0;
	walk->limit = at;
	walk->labels = 0;
	walk->length = 0;
	for (int i = 0; i < NG_MAX_NAME_STEPS; i++) {
		state = walk_step(dns, walk);
		if (state)
			break;
	}
	if (state != 1)
		return -1;
	dns->name.length = walk->length;
	return (int)walk->end;
}

/* The bytes of a pattern's labels in total, and of those before its wildcard, as one number. */
static __always_inline __u32 suffix_shape(__u32 length, __u32 prefix_length)
{
	return length << 16 | prefix_length;
}

/* Compares `length` bytes of the last name from `at` with the stored labels from `from`, which must have the shape. */
static __always_inline int equal_labels(const struct ng_dns *dns, const struct ng_suffix *suffix, __u32 from, __u32 at,
					__u32 length, __u32 shape)
{
	if (!suffix || suffix_shape(suffix->len, suffix->prefix_len) != shape)
		return 0;
	for (__u32 i = 0; i < NG_NAME_MAX / 8; i++) {
		if (length == 0)
			return 1;
		__u64 ours = *(__u64 *)&dns->name.bytes[at & NG_NAME_MASK];
		__u64 theirs = *(__u64 *)&suffix->labels[from & NG_NAME_MASK];

		if (length < 8)
			return ((ours ^ theirs) & ((1ULL << (length * 8)) - 1)) == 0;
		if (ours != theirs)
			return 0;
		length -= 8;
		at += 8;
		from += 8;
	}
	return length == 0;
}

/* Confirms a hash hit byte by byte, with the labels stored under dns->suffix. */
__noinline int same_labels(__u32 from, __u32 at, __u32 length, __u32 shape)
{
	struct ng_dns *dns = dns_state();

	return dns && equal_labels(dns, bpf_map_lookup_elem(&suffixes, &dns->suffix), from, at, length, shape);
}

/* Does the last name, from offset `at` to its end, equal the labels stored under `hash`? */
static __always_inline int confirm_suffix(struct ng_dns *dns, __u64 hash, __u32 at)
{
	__u32 length = dns->name.length - at;

	dns->suffix = hash;
	return same_labels(0, at, length, suffix_shape(length, 0));
}

/* Does the last name begin with the pattern's labels before the wildcard and end, from `at`, with those after it? */
static __always_inline int confirm_middle(struct ng_dns *dns, __u64 hash, __u32 prefix_length, __u32 at)
{
	__u32 rest = dns->name.length - at;
	__u32 shape = suffix_shape(prefix_length + rest, prefix_length);

	dns->suffix = hash;
	return same_labels(0, 0, prefix_length, shape) && same_labels(prefix_length, at, rest, shape);
}

#endif
