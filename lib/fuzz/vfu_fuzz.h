/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_FUZZ_H
#define SLIPWAY_VFU_FUZZ_H

/**
 * @file
 * What the fuzz targets of vfio-user have in common: a DLB behind a server that stays for all
 * inputs, and the client's end of a connection. For one thread.
 *
 * A target aborts when a rule is broken: the server lives, what it says is well formed, a client that
 * is gone has left no descriptor and no mapping, and the next one is served.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bus.h"
#include "dlb_regs.h"
#include "fuzz_input.h"
#include "vfu_server.h"

/** Files that clients hand over: memory of several sizes, eventfds, and what is neither. */
enum vfu_fuzz_file {
	VFU_FUZZ_EMPTY,
	VFU_FUZZ_PAGE,
	VFU_FUZZ_PAGES, /**< 16 of them */
	VFU_FUZZ_RAM,   /**< as much as the DLB bench has */
	VFU_FUZZ_EVENT,
	VFU_FUZZ_EVENT_FULL,
	VFU_FUZZ_PIPE, /**< nobody reads it */
	VFU_FUZZ_DIRECTORY,
	VFU_FUZZ_FILES,
};

/** A server with its device, and one client at a time. */
struct vfu_fuzz {
	struct vfu_server *server;
	struct bus_device *dev;
	void *rings;
	size_t ring_bytes;
	char path[64];
	int fd;                  /**< the client's end, -1 when there is none */
	uint64_t touched, pokes; /**< writes to the device, ever; and to its rings */
	uint64_t now;            /**< goes on from input to input */
	int lowest_fd;  /**< the descriptor that the next open gets when none is left behind */
	size_t pending; /**< bytes not sent yet */
	unsigned char out[0x4000];
	size_t held; /**< bytes received that are no whole message yet */
	size_t skip; /**< bytes to come of a message that is too large to hold */
	unsigned char in[0x20000];
	unsigned int asked;    /**< commands of the server that nobody has answered */
	unsigned char ask[16]; /**< the header of the last one */
};

/** Say which rule was broken and stop, so that the fuzzer keeps the input. */
_Noreturn void vfu_fuzz_broken(const char *rule);
/** The server that stays, for a version of the device. */
struct vfu_fuzz *vfu_fuzz_get(enum dlb_version version);
/** The file that `n` stands for; of the size it had when it was made. */
int vfu_fuzz_file(unsigned int n);
/** Change the size of one of memory, in pages, until the end of the input. */
void vfu_fuzz_truncate(unsigned int n, unsigned int pages);

void vfu_fuzz_connect(struct vfu_fuzz *f);
/** Hang up, and see that nothing is left. */
void vfu_fuzz_hang_up(struct vfu_fuzz *f);
/** Send bytes, with descriptors on the first; may keep them for later when there are none. */
void vfu_fuzz_send(struct vfu_fuzz *f, const void *bytes, size_t len, const int fd[],
		   unsigned int fds);
/** A message. */
void vfu_fuzz_message(struct vfu_fuzz *f, uint16_t command, uint32_t flags, const void *bytes,
		      size_t len, const int fd[], unsigned int fds);
/** VERSION, asking for shared rings or not. */
void vfu_fuzz_hello(struct vfu_fuzz *f, bool share);
/** Send what is pending, and let the server work. */
void vfu_fuzz_pump(struct vfu_fuzz *f);
/** Let the device have time. */
void vfu_fuzz_step(struct vfu_fuzz *f, uint64_t ns);
/** Take what the server says, and check it. */
void vfu_fuzz_drain(struct vfu_fuzz *f);
/** The next client is served. For the end of an input. */
void vfu_fuzz_next_client(struct vfu_fuzz *f);

/** Of libFuzzer: one input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/** Write a target's seeds into a directory that exists: how many, or a negative errno. */
int vfu_fuzz_seeds(const char *directory);
/** One of them: 1, or a negative errno. */
int vfu_fuzz_seed(const char *directory, const char *name, const void *bytes, size_t len);

#endif /* SLIPWAY_VFU_FUZZ_H */
