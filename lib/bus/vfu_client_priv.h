/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_CLIENT_PRIV_H
#define SLIPWAY_VFU_CLIENT_PRIV_H

/**
 * @file
 * Inside the vfio-user client: who talks through the socket (vfu_client_talk.c), what is agreed on
 * when it connects (vfu_client_hello.c), what the server shares (vfu_client_share.c), and the
 * device that all of it is to others (vfu_client_device.c).
 */

#include <stdatomic.h>
#include <sys/uio.h>

#include "vfu_client.h"
#include "vfu_wire.h"

/**
 * Most bytes of data in one message, either way: the configuration space in one piece. Devices
 * that reach memory by message move a line at a time.
 */
#define VFU_CLIENT_DATA 4096u
/** Parts of bars that a server may share: a page for each port of a DLB, and some more. */
#define VFU_CLIENT_AREAS 256u
/** A server that is well answers in microseconds, one in a debugger or under load in seconds. */
#define VFU_CLIENT_TIMEOUT_MS 5000u
/** Ends of a message to the server: header, head of the payload, data. */
#define VFU_CLIENT_PARTS 3u

/** What the server shares. */
struct vfu_client_share {
	struct vfu_client_shared told;
	void *bell; /**< the page, or NULL */
	unsigned int nb_areas;
	struct bus_region areas[VFU_CLIENT_AREAS]; /**< by bar and offset */
};

/** The near end of a socket. */
struct vfu_client {
	struct bus_device dev; /**< first: the device is the client */
	struct bus_host *host;
	int socket;
	unsigned int timeout_ms;
	void (*log)(void *arg, const char *line);
	void *arg;
	char name[128]; /**< for log lines: of the server */

	_Atomic uint32_t lock; /**< of the conversation: vfu_client_talk.c */
	_Atomic bool giving_up;
	_Atomic bool lost; /**< set after giving up is done: nothing is shared any more */
	_Atomic bool needs_step;
	_Atomic uint64_t looked_ns; /**< when step last looked at the socket */
	uint16_t last_id;
	uint8_t sleeps; /**< commands whose replies are not looked for, but slept for at once */
	bool agreed;    /**< on a version: the server has said something */
	bool timed_out; /**< that is why it was given up */

	unsigned int max_fds;  /**< the server takes in a message */
	unsigned int max_data; /**< the same of data */
	unsigned int vectors;
	uint64_t region_bytes[VFU_REGIONS];
	bool shares; /**< the server agreed to */
	char *about;
	bool joined; /**< another process has the conversation */
	void *place; /**< of the file that is shared, if it is free */
	struct vfu_client_share share;

	/** Payload of what the server asks for. */
	struct {
		struct vfu_dma_access dma;
		uint8_t data[VFU_CLIENT_DATA];
	} in;
};

/** A command, and the reply to it. */
struct vfu_call {
	uint16_t command;
	bool posted; /**< no reply wanted */
	struct iovec parts[VFU_CLIENT_PARTS - 1]; /**< of the payload; empty ones are left out */
	const int *fds;
	unsigned int n_fds;
	struct iovec reply[2]; /**< where its payload goes */
	size_t reply_len;      /**< out: bytes of it, never more than there is room for */
	/** Room for descriptors of the reply, VFU_MAX_FDS, or NULL: they are closed. */
	int *reply_fds;
	unsigned int n_reply_fds; /**< out */
};

/**
 * Send a command and wait for its reply; meanwhile the server gets what it asks for.
 *
 * @return 0, the negative errno that the server refused it with, or -ENOTCONN when it is lost
 */
int vfu_client_call(struct vfu_client *c, struct vfu_call *call);

/** The server is of no more use. Says so, once, and ends all sharing. */
void vfu_client_give_up(struct vfu_client *c, const char *why);

/** Hand a line to the owner; the name of the server goes in front. No stdio. */
void vfu_client_say(const struct vfu_client *c, const char *text);

/** Agree on a version and learn what the device has: 0, or a negative errno after a log line. */
int vfu_client_hello(struct vfu_client *c, bool share);

/** Get and map what the server shares. What is wrong with it is logged, and it is not used. */
void vfu_client_share_begin(struct vfu_client *c);
/** The same with what another process was given, at the same addresses. */
int vfu_client_share_join(struct vfu_client *c, const struct vfu_client_shared *shared,
			  const struct bus_region regions[], unsigned int n);
/** Private memory takes the place of what is shared: whoever posts there harms nobody. */
void vfu_client_share_cut(struct vfu_client *c);
void vfu_client_share_end(struct vfu_client *c);

/** The shared part of a bar that starts at or before an offset, or NULL. */
const struct bus_region *vfu_client_area(const struct vfu_client *c, unsigned int bar,
					 uint64_t off);

extern const struct bus_device_ops vfu_client_device_ops;

#endif /* SLIPWAY_VFU_CLIENT_PRIV_H */
