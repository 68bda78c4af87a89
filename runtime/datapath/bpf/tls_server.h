/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What the server says about a connection whose TLS name is not decided. Its SYN-ACK tells where both streams begin. Its
 * acknowledgement of the whole hello proves that it has the bytes that were judged. Its first record tells whether it asks for a
 * second hello (HelloRetryRequest; RFC 8446, section 4.1.4), which is judged like the first. A server that answers in another way does
 * not speak TLS: it took the hello for something else, and would go on with plain requests.
 */
#ifndef NG_TLS_SERVER_H
#define NG_TLS_SERVER_H

#include "tls_hello.h"

#define NG_SERVER_HELLO 2
#define NG_SERVER_PREFIX 43 /* headers of record and message, version, random */
#define NG_RANDOM_AT 11
#define NG_ALERT_BYTES 7 /* some servers first send the warning unrecognized_name */
#define NG_ALERT_WARNING 1
#define NG_SERVER_BYTES (NG_SERVER_PREFIX + NG_ALERT_BYTES)

/* The random of a HelloRetryRequest, in four words. */
#define NG_RETRY_RANDOM                                                                                                \
	{                                                                                                              \
		0xCF21AD74E59A6111ULL, 0xBE1D8C021E65B891ULL, 0xC2A211167ABB8C5EULL, 0x079E09E2C8A8339CULL             \
	}

/* Is the ServerHello at `at` a HelloRetryRequest? */
static __always_inline int asks_again(const struct ng_hello_buffer *buffer, __u32 at)
{
	const __u64 random[4] = NG_RETRY_RANDOM;

	for (int i = 0; i < 4; i++) {
		__u64 word = 0;

		for (int byte = 0; byte < 8; byte++)
			word = word << 8 | buffer->server[(at + NG_RANDOM_AT + i * 8 + byte) & 63];
		if (word != random[i])
			return 0;
	}
	return 1;
}

/* Gathers the server's first bytes, in order. What is missing comes again. */
static __always_inline void gather_server(struct __sk_buff *skb, struct ng_tls *tls, struct ng_hello_buffer *buffer)
{
	__u32 offset = tls->sequence - buffer->server_base;
	__u32 have = buffer->server_length;
	__u32 length = tls->bytes;
	struct bpf_dynptr server;
	__u8 bytes[64] = {};

	if (have >= NG_SERVER_BYTES || offset > have || offset + length <= have || offset >= NG_SERVER_BYTES)
		return;
	if (length > NG_SERVER_BYTES - offset)
		length = NG_SERVER_BYTES - offset;
	length = ((length - 1) & 63) + 1;
	if (bpf_skb_load_bytes(skb, tls->payload, bytes, length) ||
	    bpf_dynptr_from_mem(buffer->server, sizeof(buffer->server), 0, &server) ||
	    bpf_dynptr_write(&server, offset, bytes, length, 0))
		return;
	buffer->server_length = offset + length;
}

enum ng_server_said { NG_SERVER_WAITS, NG_SERVER_AGREES, NG_SERVER_ASKS_AGAIN, NG_SERVER_NOT_TLS };

/* Has the server got what was judged, and does it go on with it? */
static __always_inline int server_said(const struct ng_tls *tls, const struct ng_hello_buffer *buffer)
{
	__u32 acknowledged = tls->acknowledged - buffer->base;

	if (!(tls->flags & NG_TCP_ACK) || acknowledged >> 31)
		return NG_SERVER_WAITS;
	if (buffer->phase == NG_HELLO_NOT_TLS)
		return acknowledged >= buffer->length ? NG_SERVER_AGREES : NG_SERVER_WAITS;
	/* One more than the bytes: a FIN. */
	if (buffer->phase != NG_HELLO_SENT || acknowledged < buffer->hello_end || acknowledged > buffer->length + 1)
		return NG_SERVER_WAITS;
	if (buffer->retried)
		return NG_SERVER_AGREES;
	/* What lies behind server_length is of another connection. */
	if (buffer->server_length <= NG_RECORD_HEADER)
		return NG_SERVER_WAITS;
	__u32 at = buffer->server[0] == NG_RECORD_ALERT && buffer->server[NG_RECORD_HEADER] == NG_ALERT_WARNING
			   ? NG_ALERT_BYTES
			   : 0;
	if (buffer->server_length <= at)
		return NG_SERVER_WAITS;
	__u8 type = buffer->server[at];
	if (buffer->server[1] != NG_TLS_MAJOR || (type != NG_RECORD_HANDSHAKE && type != NG_RECORD_ALERT))
		return NG_SERVER_NOT_TLS;
	if (type == NG_RECORD_ALERT)
		return NG_SERVER_AGREES;
	if (buffer->server_length < at + NG_SERVER_PREFIX)
		return NG_SERVER_WAITS;
	if (buffer->server[(at + NG_RECORD_HEADER) & 63] != NG_SERVER_HELLO)
		return NG_SERVER_NOT_TLS;
	return asks_again(buffer, at) ? NG_SERVER_ASKS_AGAIN : NG_SERVER_AGREES;
}

/*
 * The server's SYN-ACK. NG_R_NONE: it fits the pod's latest SYN; otherwise it is dropped. Only one of several may say where the
 * server's stream begins.
 */
static __always_inline int note_answered(struct ng_hello *hello, __u32 sequence, __u32 acknowledged, __u32 flags)
{
	__u64 word = *(volatile __u64 *)&hello->word;
	__u64 known = server_mark(word) | (sequence + 1);

	if (!(flags & NG_TCP_ACK) || acknowledged != *(volatile __u32 *)&hello->base)
		return NG_R_TLS_UNFIT;
	if (word & NG_HELLO_ANSWERED)
		return hello->server == known ? NG_R_NONE : NG_R_TLS_UNFIT;
	__sync_val_compare_and_swap(&hello->server, server_mark(word), known);
	if (*(volatile __u64 *)&hello->server != known ||
	    __sync_val_compare_and_swap(&hello->word, word, word | NG_HELLO_ANSWERED) != word)
		return NG_R_TLS_WAITS;
	return NG_R_NONE;
}

#endif
