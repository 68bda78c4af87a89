/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * The hash of domain names, identical in the BPF programs and the runtime. Not cryptographic: a random seed, drawn at load,
 * keeps collisions unpredictable, and every hit is confirmed by comparing bytes.
 *
 * A name is hashed label by label from the right, which gives the hash of each suffix on the way:
 *   h = seed; for each label, rightmost first: h = ng_hash_mix(h, label_hash)
 *   label_hash: h = seed + length; for each 8 bytes (loaded from memory, letters lowered, the last padded with zeros):
 *   h = ng_hash_word(h, word)
 * The id of a pattern is (h & ~NG_PATTERN_KINDS) | kind. For a.b.*.suffix the id is
 *   (ng_hash_mix(h of suffix, h of "a.b" hashed the same way) & ~NG_PATTERN_KINDS) | NG_PATTERN_MID.
 */
#ifndef NG_HASH_H
#define NG_HASH_H

#include <linux/types.h>

#ifdef __cplusplus
#define NG_INLINE static inline constexpr
#else
#define NG_INLINE static inline __attribute__((always_inline))
#endif

#define NG_HASH_K1 0x9E3779B97F4A7C15ULL
#define NG_HASH_K2 0xD6E8FEB86659FD93ULL
#define NG_HASH_ONES 0x0101010101010101ULL
#define NG_HASH_HIGH 0x8080808080808080ULL

/* Lowers the ASCII letters in 8 bytes at once. Other bytes, such as length bytes (<= 63), do not change. */
NG_INLINE __u64 ng_lower8(__u64 word)
{
	__u64 low7 = word & ~NG_HASH_HIGH;
	__u64 above_z = low7 + (0x7fULL - 'Z') * NG_HASH_ONES;
	__u64 from_a = low7 + (0x80ULL - 'A') * NG_HASH_ONES;

	return word | (((~word & NG_HASH_HIGH) & (from_a ^ above_z)) >> 2);
}

NG_INLINE __u64 ng_hash_word(__u64 hash, __u64 word)
{
	hash = (hash ^ word) * NG_HASH_K1;
	return hash ^ (hash >> 32);
}

NG_INLINE __u64 ng_hash_mix(__u64 a, __u64 b)
{
	__u64 x = (a ^ b) * NG_HASH_K1;

	x ^= x >> 32;
	x *= NG_HASH_K2;
	return x ^ (x >> 29);
}

#endif
