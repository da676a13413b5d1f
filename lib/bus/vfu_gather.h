/* SPDX-License-Identifier: BSD-3-Clause
 * Copyright(c) 2026 The slipway authors
 */
#ifndef SLIPWAY_VFU_GATHER_H
#define SLIPWAY_VFU_GATHER_H

/**
 * @file
 * Lines out of pieces. A CPU whose 16- and 64-byte stores are taken apart on the way, as in a guest
 * under emulation, sends a line as eight writes of 8 bytes, ascending, and a 16-byte store as the
 * first two of these; several CPUs do so at the same time. So there is a state for each line:
 *
 *             8 bytes at 0        8 at 8            8 at 16            8 at 56
 *   (nothing) -----------> 8 here ------> quarter ----------> ... ------------> 64 bytes: posted
 *                                            |
 *              8 bytes at 0 of the same line | any read | a write to another line of the port |
 *              the idle time passes: posted, 16 bytes
 *
 * A quarter may turn out to have been the beginning of a line after all. Then the rest of it, once
 * complete, is posted behind it in quarters, which come to the same for a device that takes 16
 * bytes as one command. Where a device takes whole lines and nothing else there are no quarters: a
 * line waits until the rest of it is here.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Lines begun and not finished: more than guests have CPUs. */
#define VFU_GATHER_LINES 64u
#define VFU_GATHER_WORDS 8u
/** Lines on pages of this size belong to one port. */
#define VFU_GATHER_PAGE 4096u

/** Where lines go. */
struct vfu_gather_out {
	/** A whole line, 64 bytes, or a part of it, 16. */
	void (*post)(void *arg, unsigned int bar, uint64_t off, const void *bytes,
		     unsigned int len);
	/** A piece that belongs to no line. */
	void (*write)(void *arg, unsigned int bar, uint64_t off, uint64_t word);
	/** What was left of a line that has been begun anew, or had to make room: `len` bytes. */
	void (*lost)(void *arg, unsigned int bar, uint64_t off, unsigned int len);
	void *arg;
};

/** A line begun. */
struct vfu_line {
	uint64_t off; /**< of its first byte */
	uint32_t bar;
	uint32_t next;    /**< words of it that are here */
	bool quarter_out; /**< the first two have been posted already */
	bool whole;       /**< it has no quarter */
	uint64_t since;   /**< when it became a quarter, ns */
	uint64_t word[VFU_GATHER_WORDS];
};

/** Lines begun, oldest first. */
struct vfu_gather {
	struct vfu_gather_out out;
	uint64_t idle_ns; /**< UINT64_MAX: time posts nothing */
	unsigned int n;
	unsigned int quarters; /**< of these: those that are a quarter not posted */
	struct vfu_line line[VFU_GATHER_LINES];
};

/** Nothing begun. */
void vfu_gather_create(struct vfu_gather *g, const struct vfu_gather_out *out, uint64_t idle_ns);

/**
 * Eight bytes written to a port, at an offset that is a multiple of 8.
 *
 * @param whole the port takes lines of 64 bytes only
 * @param now ns; looked at only when the piece makes a quarter, so a clock is asked for it
 */
void vfu_gather_write(struct vfu_gather *g, unsigned int bar, uint64_t off, uint64_t word,
		      bool whole, uint64_t (*now)(void));
/** A write of another size to a port: its quarters go. */
void vfu_gather_other(struct vfu_gather *g, unsigned int bar, uint64_t off);
/** A read, or what waits for an answer: all quarters go. */
void vfu_gather_flush(struct vfu_gather *g);
/** Quarters whose time has come. */
void vfu_gather_idle(struct vfu_gather *g, uint64_t now);
/** When the first quarter's time comes, UINT64_MAX for never. */
uint64_t vfu_gather_deadline(const struct vfu_gather *g);
/** Forget everything that was begun. */
void vfu_gather_forget(struct vfu_gather *g);

#endif /* SLIPWAY_VFU_GATHER_H */
