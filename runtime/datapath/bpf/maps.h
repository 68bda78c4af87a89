/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/* Defines the maps of maps.def in the BPF object. */
#ifndef NG_MAPS_H
#define NG_MAPS_H

#include "abi.h"

#define NG_MAP(id, name, kind, key_type, value_type, entries, flags)                                                   \
	struct {                                                                                                       \
		__uint(type, kind);                                                                                    \
		__type(key, key_type);                                                                                 \
		__type(value, value_type);                                                                             \
		__uint(max_entries, entries);                                                                          \
		__uint(map_flags, flags);                                                                              \
	} name SEC(".maps");
/*
 * The inner maps have sizes instead of types: Linux 6.1 accepts an inner map without BTF, which the runtime makes, only if the
 * one that was there when the outer map was made has no BTF either.
 */
#define NG_OUTER_MAP(name, kind, key_type, value_type, inner_entries, flags, outer_entries)                            \
	struct name##_inner {                                                                                          \
		__uint(type, kind);                                                                                    \
		__uint(key_size, sizeof(key_type));                                                                    \
		__uint(value_size, sizeof(value_type));                                                                \
		__uint(max_entries, inner_entries);                                                                    \
		__uint(map_flags, flags);                                                                              \
	};                                                                                                             \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);                                                              \
		__type(key, __u32);                                                                                    \
		__uint(max_entries, outer_entries);                                                                    \
		__array(values, struct name##_inner);                                                                  \
	} name SEC(".maps");
#define NG_MAP_OF_MAPS(id, name, kind, key_type, value_type, entries, flags, since)                                    \
	NG_OUTER_MAP(name, kind, key_type, value_type, entries, flags, NG_MAX_SLOTS)
#define NG_MAP_ON_DEMAND(id, name, kind, key_type, value_type, inner_entries, inner_flags, outer_entries)              \
	NG_OUTER_MAP(name, kind, key_type, value_type, inner_entries, inner_flags, outer_entries)
#define NG_RING(id, name, bytes)                                                                                       \
	struct {                                                                                                       \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                                                    \
		__uint(max_entries, bytes);                                                                            \
	} name SEC(".maps");
#include "maps.def"
#undef NG_MAP_OF_MAPS
#undef NG_MAP_ON_DEMAND
#undef NG_RING

/* A map that only the programs use, defined where it is used: the runtime neither pins nor reads it. */
#define NG_SCRATCH_MAP(name, kind, key_type, value_type, entries) NG_MAP(, name, kind, key_type, value_type, entries, 0)

#endif
