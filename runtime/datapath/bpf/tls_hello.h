/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * Finds the server name in the recorded bytes of a connection: TLS records (RFC 8446, section 5.1), the ClientHello in them (section
 * 4.1.2), its extension server_name (RFC 6066, section 3). What does not fit exactly is refused: every length, one server_name with
 * one host name, nothing behind the hello in its record. A hello may be spread over several records.
 */
#ifndef NG_TLS_HELLO_H
#define NG_TLS_HELLO_H

#include "tls_state.h"

#define NG_RECORD_CHANGE_CIPHER 20
#define NG_RECORD_ALERT 21
#define NG_RECORD_HANDSHAKE 22
#define NG_RECORD_DATA 23
#define NG_RECORD_HEADER 5
#define NG_RECORD_MAX 16640 /* 2^14 + 256 bytes */
#define NG_TLS_MAJOR 3 /* first byte of the version, in every version of TLS */
#define NG_CLIENT_HELLO 1
#define NG_MESSAGE_HEADER 4 /* type and length of a handshake message */
#define NG_HELLO_SESSION (NG_MESSAGE_HEADER + 2 + 32) /* offset of the session id's length, behind version and random */
#define NG_SESSION_MAX 32
#define NG_EXTENSION_SERVER_NAME 0
#define NG_EXTENSION_HEADER 4
#define NG_HOST_NAME 0

/* Steps of the walk; other values are reasons (enum ng_reason), NG_R_NONE: more bytes are needed. */
#define NG_STEP_NEXT 0x100
#define NG_STEP_COMPLETE 0x101 /* the hello is complete */

/* Not enough bytes yet to tell, where the steps below expect a reason. */
#define NG_HELLO_SHORT NG_R_NONE

static __always_inline __u32 flat16(const struct ng_tls *tls, __u32 at)
{
	return (__u32)tls->flat[at & NG_HELLO_MASK] << 8 | tls->flat[(at + 1) & NG_HELLO_MASK];
}

/*
 * Is the first byte that of a TLS connection? One with another version behind it counts as TLS, because servers differ in what they
 * accept; it is then refused.
 */
static __always_inline int looks_like_tls(__u8 first)
{
	return first == NG_RECORD_HANDSHAKE;
}

/* Puts `length` bytes of a handshake record behind the message in tls->flat. Non-zero: it is too long. */
static __always_inline int append_record(struct ng_tls *tls, struct ng_hello_buffer *buffer, __u32 from, __u32 length)
{
	struct bpf_dynptr bytes;
	__u32 at = tls->length;

	if (at + length > NG_HELLO_MAX)
		return 1;
	if (length == 0)
		return 0;
	length = ((length - 1) & NG_HELLO_MASK) + 1;
	if (bpf_dynptr_from_mem(buffer->bytes, NG_HELLO_MAX, 0, &bytes) ||
	    bpf_dynptr_read(&tls->flat[at & NG_HELLO_MASK], length, &bytes, from, 0))
		return 1;
	tls->length = at + length;
	return 0;
}

/* The record behind an accepted hello, which is no handshake: only its length matters. */
static __always_inline int skip_record(struct ng_tls *tls, struct ng_hello_buffer *buffer, __u32 next)
{
	if (next > buffer->length)
		return NG_HELLO_SHORT;
	tls->at = next;
	buffer->scanned = next;
	return NG_STEP_NEXT;
}

/* The message in tls->flat after another record: is it complete? `whole`: the record is; `next`: the offset behind it. */
static __always_inline int check_message(struct ng_tls *tls, struct ng_hello_buffer *buffer, __u32 whole, __u32 next)
{
	if (tls->length && tls->flat[0] != NG_CLIENT_HELLO)
		return NG_R_TLS_FORM;
	if (tls->length >= NG_MESSAGE_HEADER) {
		__u32 message = NG_MESSAGE_HEADER + ((__u32)tls->flat[1] << 16 | flat16(tls, 2));

		/* Nothing may follow the hello in its record: TLS 1.3 forbids it, and no client of TLS 1.2 does it. */
		if (message > NG_HELLO_MAX - NG_RECORD_HEADER || tls->length > message ||
		    (tls->length == message && !whole))
			return NG_R_TLS_FORM;
		if (tls->length == message) {
			buffer->scanned = next;
			return NG_STEP_COMPLETE;
		}
	}
	tls->at = next;
	return whole ? NG_STEP_NEXT : NG_HELLO_SHORT;
}

/* Follows one record at tls->at. Global: verified once, on its own. */
int walk_record(void)
{
	struct ng_tls *tls = tls_state();
	struct ng_hello_buffer *buffer = tls ? buffer_at(tls->buffer) : 0;

	if (!buffer)
		return NG_R_TLS_FORM;
	__u32 at = tls->at;
	__u32 have = buffer->length;
	__u32 second = buffer->hello_end != 0;
	if (at >= have)
		return NG_HELLO_SHORT;
	__u8 type = buffer->bytes[at & NG_HELLO_MASK];
	if (type != NG_RECORD_HANDSHAKE &&
	    (!second || tls->length || type < NG_RECORD_CHANGE_CIPHER || type > NG_RECORD_DATA))
		return NG_R_TLS_FORM;
	/* A handshake record before the server's response cannot be an honest client's. */
	if (type == NG_RECORD_HANDSHAKE && buffer->phase == NG_HELLO_SENT)
		return NG_R_TLS_FORM;
	if (at + 1 < have && buffer->bytes[(at + 1) & NG_HELLO_MASK] != NG_TLS_MAJOR)
		return NG_R_TLS_FORM;
	if (at + NG_RECORD_HEADER > have)
		return NG_HELLO_SHORT;
	__u32 length = (__u32)buffer->bytes[(at + 3) & NG_HELLO_MASK] << 8 | buffer->bytes[(at + 4) & NG_HELLO_MASK];
	if (length == 0 || length > NG_RECORD_MAX)
		return NG_R_TLS_FORM;
	__u32 body = at + NG_RECORD_HEADER;
	__u32 next = body + length;
	if (type != NG_RECORD_HANDSHAKE)
		return skip_record(tls, buffer, next);
	__u32 whole = next <= have;
	if (append_record(tls, buffer, body, whole ? length : have - body))
		return NG_R_TLS_FORM;
	return check_message(tls, buffer, whole, next);
}

/* Follows the records from the first one that was not judged yet. */
static __always_inline int walk_records(struct ng_tls *tls, struct ng_hello_buffer *buffer)
{
	tls->at = buffer->scanned;
	tls->length = 0;
	for (int i = 0; i < NG_HELLO_RECORDS; i++) {
		int step = walk_record();

		if (step != NG_STEP_NEXT)
			return step;
	}
	return NG_R_TLS_FORM;
}

/* The body of an extension server_name, which is in tls->flat from `at`. */
static __always_inline int read_server_name(struct ng_tls *tls, __u32 at, __u32 length)
{
	__u32 name = flat16(tls, at + 3);

	if (tls->name_at || length < 6 || flat16(tls, at) + 2 != length ||
	    tls->flat[(at + 2) & NG_HELLO_MASK] != NG_HOST_NAME || name + 5 != length || name > NG_HELLO_NAME_MAX)
		return NG_R_TLS_NO_NAME;
	tls->name_at = at + 5;
	tls->name_length = name;
	return NG_STEP_NEXT;
}

/* The extension at tls->at, of extensions that end at `end`. NG_HELLO_SHORT: it is not there yet. Global, so that the loop around
 * it has one state.
 */
int walk_extension(__u32 end)
{
	struct ng_tls *tls = tls_state();

	if (!tls)
		return NG_R_TLS_FORM;
	__u32 start = tls->at;
	if (start + NG_EXTENSION_HEADER > end)
		return NG_R_TLS_FORM;
	if (start + NG_EXTENSION_HEADER > tls->length)
		return NG_HELLO_SHORT;
	__u32 next = start + NG_EXTENSION_HEADER + flat16(tls, start + 2);
	if (next > end)
		return NG_R_TLS_FORM;
	if (next > tls->length)
		return NG_HELLO_SHORT;
	tls->at = next;
	if (flat16(tls, start) != NG_EXTENSION_SERVER_NAME)
		return NG_STEP_NEXT;
	return read_server_name(tls, start + NG_EXTENSION_HEADER, next - start - NG_EXTENSION_HEADER);
}

/* The offset of the first extension in tls->flat; 0: it is not there yet; ~0: the hello is malformed or has none. */
static __always_inline __u32 extensions_at(const struct ng_tls *tls, __u32 message)
{
	__u32 have = tls->length;
	__u32 at = NG_HELLO_SESSION;

	if (have <= at)
		return message <= at ? ~0U : 0;
	__u32 session = tls->flat[at];
	if (session > NG_SESSION_MAX)
		return ~0U;
	at += 1 + session;
	if (at + 2 > have)
		return at + 2 > message ? ~0U : 0;
	at += 2 + flat16(tls, at); /* cipher suites */
	if (at >= have)
		return at >= message ? ~0U : 0;
	at += 1 + tls->flat[at & NG_HELLO_MASK]; /* compression methods */
	if (at + 2 > have)
		return at + 2 > message ? ~0U : 0;
	return at + 2 + flat16(tls, at) == message ? at + 2 : ~0U;
}

/*
 * Looks for the server name in the hello of which tls->length bytes are in tls->flat. NG_R_NONE: tls->name_at has it, or it may still
 * come. Global: verified once, on its own.
 */
int find_server_name(void)
{
	struct ng_tls *tls = tls_state();

	if (!tls)
		return NG_R_TLS_FORM;
	tls->name_at = 0;
	if (tls->length < NG_MESSAGE_HEADER)
		return NG_R_NONE;
	__u32 end = NG_MESSAGE_HEADER + ((__u32)tls->flat[1] << 16 | flat16(tls, 2));
	__u32 first = extensions_at(tls, end);
	if (first == ~0U)
		return tls->length == end ? NG_R_TLS_NO_NAME : NG_R_TLS_FORM;
	if (!first)
		return NG_R_NONE;
	volatile __u32 *at = &tls->at;
	*at = first;
	for (int i = 0; i <= NG_HELLO_EXTENSIONS; i++) {
		int step;

		if (*at == end)
			return tls->name_at ? NG_R_NONE : NG_R_TLS_NO_NAME;
		step = walk_extension(end);
		if (step != NG_STEP_NEXT)
			return step;
	}
	return NG_R_TLS_FORM;
}

#endif
