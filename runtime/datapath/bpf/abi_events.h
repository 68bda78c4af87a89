/* SPDX-License-Identifier: (GPL-2.0-only OR Apache-2.0) */
/*
 * What the programs send to the daemon: events and frames in ring buffers, and whether a daemon reads them. Part of the layout
 * in abi.h, which includes this file.
 */
#ifndef NG_ABI_EVENTS_H
#define NG_ABI_EVENTS_H

/* Events in the ring buffers: a header, then `payload` bytes. */
enum ng_event_kind {
	NG_EVENT_ANSWER = 1, /* `dns_events`: payload is the DNS message */
	NG_EVENT_UNPARSED = 2, /* `dns_events`: the same; the kernel parser could not decide it */
	NG_EVENT_DENIED = 3, /* `events`: payload is the TLS name that was shown, as text, if there was one */
	NG_EVENT_LOGGED = 4, /* `events`: a Log rule matched */
	NG_EVENT_CUT = 5, /* `events`: a flow was cut by a policy change */
	NG_EVENT_LIMIT = 6, /* `dns_events`: `reason` names the limit that the DNS message in the payload reached */
	NG_EVENT_FLOW = 7, /* `flow_events`: a new flow was allowed: no payload */
	NG_EVENT_ENDED =
		8, /* `flow_events`: a flow ended: payload is ng_flow_end; remote, ports and rule are those of its start */
	NG_EVENT_DROPPED =
		9, /* `events`: a packet that no policy decides was dropped; `reason` says why, `rule` is NG_NO_RULE */
	NG_EVENT_QUERY =
		10, /* `dns_events`: a DNS query was refused, or only logged, for `reason`: payload is the query, if it was read */
	NG_EVENT_NAMED = 11, /* `flow_events`: a flow showed a TLS name: payload is the name, as text */
};
struct ng_event {
	__u64 boot_ns;
	__u32 endpoint;
	__u16 kind; /* enum ng_event_kind */
	__u16 payload; /* bytes that follow */
	struct ng_addr remote; /* the peer; for responses the server */
	__u16 be_remote_port;
	__u16 be_local_port;
	__u8 protocol;
	__u8 direction; /* enum ng_direction_index */
	__u16 rule;
	__u16 reason; /* enum ng_reason */
	__u16 learnt; /* responses: addresses written to the learnt map */
	__u32 waited; /* responses: time since the query, in 2^NG_WAIT_SHIFT ns; 0: not known */
};
NG_ABI_CHECK(struct ng_event, 48);

/* The payload of NG_EVENT_ENDED. Packets and bytes are indexed by ng_direction_index. */
enum ng_flow_ending {
	NG_ENDED_CLOSED = 0, /* FIN of both sides */
	NG_ENDED_RESET = 1,
	NG_ENDED_IDLE = 2,
	NG_ENDED_CUT = 3, /* a changed policy cut it */
	NG_ENDED_REPLACED = 4, /* its entry was used for another flow */
};
struct ng_flow_end {
	__u64 packets[2];
	__u64 bytes[2];
	__u64 started_ns; /* CLOCK_BOOTTIME */
	__u32 end; /* enum ng_flow_ending */
	__u32 pad;
};
NG_ABI_CHECK(struct ng_flow_end, 48);

/*
 * `held`: ring buffer of frames that only the daemon can judge: a header, then `length` bytes from the link header on.
 * A frame with `waits` reaches the pod when the daemon puts it back; the others are copies of frames that went on.
 */
struct ng_held {
	__u64 boot_ns;
	__u32 endpoint;
	__u32 slot;
	__u32 ifindex; /* the host interface */
	__u32 length;
	__u16 gso_size; /* payload bytes of each segment of an aggregated frame; 0: a single packet */
	__u8 waits;
	__u8 direction; /* enum ng_direction_index */
	__u32 reserved; /* bytes of the ring that it uses, for `held_done` */
	__u32 lost; /* low 32 bits of the endpoint's ng_held_sum.lost when this frame was sent */
	__u32 waited; /* as in ng_event, until `boot_ns`; only of a frame that begins a response over UDP */
};
NG_ABI_CHECK(struct ng_held, 40);

/*
 * Totals of an endpoint's frames in `held` since the maps were made. The programs count `held_taken`, the daemon counts
 * `held_done`; the difference is with the daemon. Arrays, indexed by slot.
 */
struct ng_held_sum {
	__u64 frames;
	__u64 bytes; /* reserved in the ring */
	__u64 lost; /* `held_taken` only: frames that should have reached the daemon and did not */
};
NG_ABI_CHECK(struct ng_held_sum, 24);

/*
 * Whether a daemon runs. `held_life` is an array of perf events with one entry, which the daemon sets. The kernel removes
 * it with the map descriptor through which it was set, so at the moment the daemon dies. `held_reader` shows whether the
 * daemon is slow: the tick of the last iteration of its event loop; 0: it is shutting down.
 */
struct ng_reader {
	__u32 tick;
};
NG_ABI_CHECK(struct ng_reader, 4);

#endif
