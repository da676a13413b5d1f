/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_SERVER_H
#define SLIPWAY_VFU_SERVER_H

/**
 * @file
 * A device of the bus contract behind a vfio-user socket: one client at a time, the next one when
 * the last is gone. The server is the host that the device is plugged into. It has no thread: who
 * owns it waits on vfu_server_fd, calls vfu_server_work, and steps the device; all of it in one
 * thread (a process may have many servers, each in a thread of its own or all in one).
 *
 *   open -> host -> (make the device) -> plug -> loop: poll(fd), work, step the device -> close
 *
 * Everything a client sends is checked; a refusal is one log line, an error reply where one was
 * wanted, and a count. What a client left behind (maps, descriptors, eventfds) goes with it.
 *
 * A client can make an eventfd of its own block, and fill it at the wrong moment. So where clients
 * are not trusted, the owner has a signal come now and then, with a handler and no SA_RESTART.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bus.h"

struct vfu_server;

/** What a server tells its owner, from inside vfu_server_work. Each may be NULL. */
struct vfu_server_events {
	void (*log)(void *arg, const char *line);      /**< one line, without newline */
	void (*came)(void *arg, pid_t pid, uid_t uid); /**< a client has been accepted */
	/** The client is about to be gone; its memory is still there, where it came with a file. */
	void (*leaving)(void *arg);
	/**
	 * The client is gone, its maps are too (remap has been called): time to reset the device.
	 * When NULL, the server does it: BUS_RESET_POWER.
	 */
	void (*gone)(void *arg);
	/** A message has been handled: its command by name, bytes in all, 0 or a negative errno. */
	void (*message)(void *arg, uint16_t id, const char *command, uint32_t size, int result);
};

struct vfu_server_config {
	/** Of the socket: replaced where nobody listens on it, refused where somebody does. */
	const char *path;
	mode_t mode; /**< permissions of the socket: who may connect */
	/**
	 * Offer memory with a file (BUS_MEMORY) to be mapped, as the protocol has it, and what
	 * clients may post to directly (BUS_LINE_RING) to those that ask for it in the version
	 * handshake. What is mapped is in no order with register writes still on the socket.
	 */
	bool share;
	/** A JSON object that clients of ours are told in the handshake, or NULL. */
	const char *about;
	/**
	 * How long the first 16 bytes of a line that arrives in pieces wait for the rest before
	 * they count as a 16-byte post, ns; 0: 100 us; UINT64_MAX: until something else tells.
	 */
	uint64_t gather_idle_ns;
	/**
	 * Ranges of memory that a client may make known at once; 0: 65535. Each that has a file is a
	 * mapping of this process, of which the kernel allows a number (vm.max_map_count) to all its
	 * servers together.
	 */
	uint32_t max_dma_maps;
	/** How long to wait for the answer to a DMA message; 0: 1000. */
	unsigned int dma_timeout_ms;
	struct vfu_server_events events;
	void *arg; /**< theirs */
};

/** Counts since it was opened. */
struct vfu_server_stats {
	uint64_t clients, messages, reads, writes, posted, lines, submits, maps, unmaps, irqs;
	uint64_t refused;             /**< messages answered with an error */
	uint64_t dropped;             /**< clients let go for breaking the protocol */
	uint64_t dma_read, dma_write; /**< messages of ours, for memory without a descriptor */
	uint64_t bytes_in, bytes_out;
};

/** Listen: 0, or a negative errno after one log line. Non-blocking throughout. */
int vfu_server_open(const struct vfu_server_config *config, struct vfu_server **server);
/** As vfu_server_open for a socket that is connected already: for tests and fuzzing. */
int vfu_server_open_fd(const struct vfu_server_config *config, int fd, struct vfu_server **server);

/** What the device is to be plugged into; valid until close. */
struct bus_host *vfu_server_host(struct vfu_server *server);
/** The device, made for that host. Before the first work; once. */
void vfu_server_plug(struct vfu_server *server, struct bus_device *dev);

/** Readable when there is something to do: for poll or epoll. */
int vfu_server_fd(const struct vfu_server *server);

/**
 * Do what can be done without waiting, up to a batch of messages.
 *
 * @return messages handled; 0 when there were none; a client that broke the protocol has been let
 *         go
 */
unsigned int vfu_server_work(struct vfu_server *server);

/**
 * When vfu_server_work wants to be called even if nothing arrives (an incomplete line that waits
 * for its rest), on CLOCK_MONOTONIC, ns, as bus step; BUS_NO_DEADLINE for never.
 */
uint64_t vfu_server_deadline(const struct vfu_server *server);

/** Is there a client that posts into shared rings? Then owners spin a while before they sleep. */
bool vfu_server_shares(const struct vfu_server *server);
/**
 * About to sleep: from now on whoever posts into a shared ring makes vfu_server_fd readable. After
 * this, look at the device once more (step), then poll. Undone by vfu_server_awake.
 */
void vfu_server_asleep(struct vfu_server *server);
void vfu_server_awake(struct vfu_server *server);

/**
 * For a handler of SIGBUS: the client has truncated a file whose memory the device then touched, at
 * `address`. Puts zeroed memory there, so that the device can go on. May be called from the signal
 * handler of the thread that was in vfu_server_work or in the device.
 *
 * @return whether the address was in memory of this server's client
 */
bool vfu_server_repair(const struct vfu_server *server, const void *address);

/** Is a client there? */
bool vfu_server_has_client(const struct vfu_server *server);
/** Let the client go, as if it had hung up. */
void vfu_server_drop(struct vfu_server *server);

const struct vfu_server_stats *vfu_server_stats(const struct vfu_server *server);

/** Let the client go, stop listening, remove the socket; the device stays. NULL is allowed. */
void vfu_server_close(struct vfu_server *server);

#endif /* SLIPWAY_VFU_SERVER_H */
