/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Connections that must show a TLS name (NG_RULE_TLS). Part of the layout in abi.h, which includes this file.
 *
 * The flow of such a connection has NG_UNDECIDED_GENERATION until its name is known. Meanwhile it has an entry in `hellos`, and,
 * from its first byte of data on, one of the buffers in `hello_buffers`.
 */
#ifndef NG_ABI_TLS_H
#define NG_ABI_TLS_H

/*
 * `hellos`: slot -> inner LRU hash {ng_flow_key -> ng_hello}. Only endpoints with NG_DIR_TLS have one. The map may give an element to
 * another connection at any time, so `word` and `server` are only changed by compare-and-swap with the cookie in them, and
 * `base` never changes.
 */
struct ng_hello {
	__u64 word; /* cookie << NG_HELLO_COOKIE | (number of the buffer + 1) << NG_HELLO_BUFFER | NG_HELLO_* */
	__u64 server; /* low 32 bits of the cookie << 32 | sequence number of the server's first byte, or 0 until its SYN-ACK */
	__u32 base; /* sequence number of the pod's first byte */
	__u32 generation; /* of the configuration that admitted the connection */
};
NG_ABI_CHECK(struct ng_hello, 24);
#define NG_HELLO_ANSWERED (1ULL << 0) /* the server's SYN-ACK acknowledged `base` */
#define NG_HELLO_REQUIRE (1ULL << 1) /* NG_RULE_REQUIRE */
#define NG_HELLO_BUFFER 8 /* shift of the buffer's number, 16 bits */
#define NG_HELLO_COOKIE 24 /* shift of the cookie */

enum ng_hello_phase {
	NG_HELLO_AWAITED = 0, /* a ClientHello is not complete yet */
	NG_HELLO_SENT = 1, /* it is accepted; the server's response is awaited */
	NG_HELLO_NOT_TLS = 2, /* the first byte is not TLS, which may pass; the server's acknowledgement is awaited */
};

/* `hello_buffers`: one entry: an inner array of buffers, made when the first endpoint has NG_DIR_TLS. */
struct ng_hello_buffer {
	__u64 owner; /* cookie of the connection, 0: free */
	__u32 lock; /* 1: a CPU works on it */
	__u32 slot; /* of the owner's endpoint */
	__u32 endpoint; /* likewise */
	__u32 pad;
	__u32 used; /* tick of the last byte */
	__u32 base; /* as in ng_hello */
	__u32 server_base; /* sequence number of the server's first byte */
	__u32 phase; /* enum ng_hello_phase */
	__u32 length; /* bytes recorded, without a gap */
	__u32 scanned; /* offset of the next record header */
	__u32 hello_end; /* offset behind the hello that was accepted last; 0: none */
	__u32 retried; /* 1: the server asked for a second hello (RFC 8446, section 4.1.4) */
	__u32 server_length; /* bytes in `server` */
	__u32 rule; /* that allows the name */
	__u64 pattern; /* likewise; 0: a prefix of the rule matches */
	__u32 name_length; /* of `name`: the server name that was shown; 0: none */
	__u32 judged; /* generation of the configuration that allows it; 0: not judged yet */
	__u8 server[64]; /* the server's first bytes */
	__u8 name[NG_HELLO_NAME_MAX + 3];
	__u8 bytes[NG_HELLO_MAX];
};
NG_ABI_CHECK(struct ng_hello_buffer, 16784);

/* `hello_shares`: slot -> buffers that the endpoint holds; at NG_HELLO_SUM those of all, at NG_HELLO_POOL how many there are. Array. */
#define NG_HELLO_SUM NG_MAX_SLOTS
#define NG_HELLO_POOL (NG_MAX_SLOTS + 1)

#endif
